// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package ecs gives events the shape of documents in the Elastic Common Schema
// 8.11 (https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html).
//
// The shape is that of the registry's own exporter, but for a source that is no
// IP address, which Elasticsearch would reject as one: it stands in
// source.address instead of source.ip. Extended, it adds fields and changes
// none. Findings about the transparency log, which that exporter does not know,
// have a shape of their own.
package ecs

import (
	"net/netip"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// Version is the version of the schema, in the field ecs.version.
const Version = "8.11.0"

// Dataset is the value of event.dataset.
const Dataset = "oversight.beacon"

// Translator makes documents. The zero value makes what the registry's own
// exporter does. It is safe for concurrent use while its fields stay the same.
type Translator struct {
	// Extended adds event.hash, event.created, related.ip, related.user,
	// dns.question.name, dns.question.type, oversight.tlog_status,
	// oversight.tlog_mismatch and message, and what a pipeline added to the
	// event: a place as source.geo, anything else as labels.
	Extended bool
}

// version is the field set ecs (ecs-ecs.html).
var version = shape.NewFixed(func(w shape.Writer) {
	w.Begin("ecs")
	w.Text("version", Version)
	w.End()
})

// categorization is the part of the field set event that is the same for all
// events. The values of kind, category and type are from the lists that ECS
// allows (ecs-category-field-values-reference.html).
var categorization = shape.NewFixed(func(w shape.Writer) {
	w.Text("kind", "event")
	w.Texts("category", []string{"network"})
	w.Texts("type", []string{"access", "info"})
	w.Text("dataset", Dataset)
	w.Text("module", "oversight")
	w.Text("provider", translator.ServiceName)
})

// document writes all fields. Each field set names its page below
// https://www.elastic.co/guide/en/ecs/8.11/.
func (t *Translator) document(w shape.Writer, e *translator.Event, added translator.ExtraAttributes) {
	w.Time("@timestamp", timestampOf(e)) // ecs-base.html
	w.Fixed(version)
	t.event(w, e)
	ip := isIP(e.SourceIP)
	t.source(w, e, ip, added)
	w.Begin("user_agent") // ecs-user_agent.html
	w.Text("original", e.UserAgent)
	w.End()
	t.labels(w, e, added)
	t.oversight(w, e)
	if t.Extended {
		extension(w, e, ip)
	}
	w.Begin("error") // ecs-error.html
	w.Text("message", e.DecodeError)
	w.End()
}

// timestampOf is when the event happened, or else when it was read: a data
// stream takes no document without @timestamp.
func timestampOf(e *translator.Event) time.Time {
	if e.Timestamp.IsZero() {
		return e.Observed
	}
	return e.Timestamp
}

// event writes the field set event (ecs-event.html).
func (t *Translator) event(w shape.Writer, e *translator.Event) {
	w.Begin("event")
	w.Fixed(categorization)
	w.Text("action", translator.Action(e.Kind))
	w.ID("id", e.ID)
	w.Text("outcome", "success")
	if t.Extended {
		w.Text("hash", e.UID)         // over all columns, to detect tampering and repeats
		w.Time("created", e.Observed) // when an agent read the event first
	}
	w.End()
}

// source writes the field set source (ecs-source.html): who called back, and
// where that is (ecs-geo.html).
func (t *Translator) source(w shape.Writer, e *translator.Event, ip bool, added translator.ExtraAttributes) {
	w.Begin("source")
	if ip {
		w.Text("ip", e.SourceIP)
	} else {
		w.Text("address", e.SourceIP)
	}
	if t.Extended && !added.Empty() {
		place(w, added)
	}
	w.End()
}

// isIP reports whether Elasticsearch takes the text as the type ip, which knows
// no zones.
func isIP(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == ""
}

// labels writes custom keys, whose values are keywords (ecs-base.html). The first
// five are those of the registry's own exporter.
func (t *Translator) labels(w shape.Writer, e *translator.Event, added translator.ExtraAttributes) {
	w.Begin("labels")
	w.Text("oversight_token_id", e.TokenID)
	w.Text("oversight_file_id", e.FileID)
	w.Text("oversight_recipient_id", e.RecipientID)
	w.Text("oversight_issuer_id", e.IssuerID)
	w.Text("oversight_beacon_kind", e.Kind)
	if t.Extended && !added.Empty() {
		addedLabels(w, added, map[string]bool{
			"oversight_token_id": true, "oversight_file_id": true, "oversight_recipient_id": true,
			"oversight_issuer_id": true, "oversight_beacon_kind": true,
		})
	}
	w.End()
}

// oversight writes the fields that ECS has no place for, below a name of our own
// (ecs-custom-fields-in-ecs.html): the columns of the same names, as the
// registry's own exporter has them.
func (t *Translator) oversight(w shape.Writer, e *translator.Event) {
	w.Begin("oversight")
	w.Text("schema", shape.Schema)
	w.Text("registry_id", e.RegistryID)
	w.Text("token_id", e.TokenID)
	w.Text("file_id", e.FileID)
	w.Text("recipient_id", e.RecipientID)
	w.Text("issuer_id", e.IssuerID)
	w.Text("beacon_kind", e.Kind)
	if e.HasTlogIndex {
		w.Int("tlog_index", e.TlogIndex)
	}
	if t.Extended {
		w.Text("tlog_status", e.TlogStatus)
		w.Names("tlog_mismatch", e.TlogMismatch)
	}
	w.Text("qualified_timestamp", e.QualifiedTimestamp)
	w.Extra("extra", e.Extra)
	w.End()
}

// extension writes the field sets that only the extended shape has: what was asked
// for (ecs-dns.html), what other events are found by (ecs-related.html), and one
// line for a person (ecs-base.html).
func extension(w shape.Writer, e *translator.Event, ip bool) {
	w.Begin("dns")
	w.Begin("question")
	w.Text("name", e.QuestionName)
	w.Text("type", e.QuestionType())
	w.End()
	w.End()
	w.Begin("related")
	if ip {
		w.List("ip", e.SourceIP)
	}
	w.List("user", e.RecipientID)
	w.End()
	w.Bytes("message", e.AppendMessage(w.Scratch()))
}
