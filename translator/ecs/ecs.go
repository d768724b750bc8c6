// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package ecs writes events as documents in the Elastic Common Schema 8.11
// (https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html).
//
// The shape is that of the registry's own exporter, except for a source that is no
// IP address, which Elasticsearch would reject: it is in source.address instead of
// source.ip. Extended, it adds fields and changes none. Findings about the
// transparency log and checkpoint records, which that exporter does not write, have shapes
// of their own.
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

// Translator writes documents. The zero value writes what the registry's own
// exporter does. It is safe for concurrent use while its fields stay the same.
type Translator struct {
	// Extended adds event.hash, event.created, event.sequence, observer, network,
	// related, dns.question, oversight.tlog_status, oversight.tlog_mismatch,
	// oversight.truncated, oversight.reduced and message, source.address beside
	// source.ip and source.ip where source.address has an IP address and more, and what
	// a pipeline added to the event: a location as source.geo, anything else as labels.
	// Of oversight.extra, what Elasticsearch would refuse is a text, in
	// oversight.extra.raw.
	Extended bool
	// DocumentID makes the uid the document's _id in log records.
	DocumentID bool
	// Dataset and Namespace name the data stream of log records,
	// logs-{dataset}-{namespace}. Without a dataset, each record goes to that of its
	// event.dataset, as ECS asks: "event.dataset should have the same value as
	// data_stream.dataset". Without a namespace, the exporter's counts.
	Dataset, Namespace string
}

// version is the field set ecs (ecs-ecs.html).
var version = shape.NewFixed(func(w shape.Writer) {
	w.Begin("ecs")
	w.Text("version", Version)
	w.End()
})

// versionAndObserver is version with the field set observer (ecs-observer.html): the
// system that observed what a document is about.
var versionAndObserver = shape.NewFixed(func(w shape.Writer) {
	w.Fixed(version)
	w.Begin("observer")
	w.Text("vendor", "Oversight")
	w.Text("product", "Registry")
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

// document writes all fields.
func (t *Translator) document(w shape.Writer, d *translator.Document) {
	var extra translator.ExtraAttributes
	if t.Extended {
		extra = d.Extra
	}
	switch {
	case d.Integrity != nil:
		finding(w, d.Integrity, extra)
	case d.Checkpoint != nil:
		checkpoint(w, d.Checkpoint, extra)
	default:
		t.beacon(w, d.Event, extra)
	}
}

// beacon writes all fields of an event. Each field set names its page below
// https://www.elastic.co/guide/en/ecs/8.11/.
func (t *Translator) beacon(w shape.Writer, e *translator.Event, extra translator.ExtraAttributes) {
	w.Time("@timestamp", timestampOf(e)) // ecs-base.html
	if t.Extended {
		w.Fixed(versionAndObserver)
	} else {
		w.Fixed(version)
	}
	t.event(w, e)
	address := e.Address()
	ip := address != "" && (address == e.SourceIP || isIP(e.SourceIP))
	t.source(w, e, ip, address, extra)
	w.Begin("user_agent") // ecs-user_agent.html
	w.Text("original", e.UserAgent)
	w.End()
	labels(w, e, extra)
	t.oversight(w, e)
	if t.Extended {
		extension(w, e, address)
	}
	w.Begin("error") // ecs-error.html
	w.Text("message", e.DecodeError)
	w.End()
}

// timestampOf is when the event happened, or else when it was read: a data
// stream rejects documents without @timestamp.
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
		w.Text("hash", e.UID)         // over the columns, to detect tampering and repeats
		w.Time("created", e.Observed) // when the event was read
		if e.ID != 0 {
			w.Int("sequence", e.ID) // "to make the exact ordering of events unambiguous"
		}
	}
	w.End()
}

// source writes the field set source (ecs-source.html): the address that called
// back, and its location (ecs-geo.html). ECS has source.address for the text: "Some
// event source addresses are defined ambiguously [...] you should always store the raw
// address in the .address field", and source.ip for an IP address. The registry's own
// exporter has one of them.
func (t *Translator) source(w shape.Writer, e *translator.Event, ip bool, address string, extra translator.ExtraAttributes) {
	w.Begin("source")
	if t.Extended || !ip {
		w.Text("address", e.SourceIP)
	}
	switch {
	case ip:
		w.Text("ip", e.SourceIP)
	case t.Extended:
		w.Text("ip", address)
	}
	location(w, extra)
	w.End()
}

// isIP reports whether Elasticsearch accepts the text as the type ip, which has
// no zones.
func isIP(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == ""
}

// labels writes custom keys, whose values are keywords (ecs-base.html). The first
// five are those of the registry's own exporter.
func labels(w shape.Writer, e *translator.Event, extra translator.ExtraAttributes) {
	w.Begin("labels")
	w.Text("oversight_token_id", e.TokenID)
	w.Text("oversight_file_id", e.FileID)
	w.Text("oversight_recipient_id", e.RecipientID)
	w.Text("oversight_issuer_id", e.IssuerID)
	w.Text("oversight_beacon_kind", e.Kind)
	extraLabels(w, extra, isEventLabel)
	w.End()
}

// isEventLabel reports whether a name is that of a label of events, which nothing that
// a pipeline added replaces.
func isEventLabel(name string) bool {
	switch name {
	case "oversight_token_id", "oversight_file_id", "oversight_recipient_id", "oversight_issuer_id", "oversight_beacon_kind":
		return true
	default:
		return false
	}
}

// oversight writes the fields that ECS does not define, below a name of our own
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
		w.Names("truncated", e.Truncated)
		w.Names("reduced", e.Reduced)
	}
	w.Text("qualified_timestamp", e.QualifiedTimestamp)
	if t.Extended && !e.ExtraFitsElastic() {
		w.Begin("extra")
		w.Text("raw", e.Extra) // as the registry's own exporter has what is no object
		w.End()
	} else {
		w.Extra("extra", e.Extra)
	}
	w.End()
}

// extension writes the field sets that only the extended shape has: the network
// (ecs-network.html), the DNS question (ecs-dns.html), values to search other events
// for (ecs-related.html), and one line for a person (ecs-base.html).
func extension(w shape.Writer, e *translator.Event, address string) {
	network(w, e.Kind, address)
	name := newQuestionName(e.QuestionName)
	w.Begin("dns")
	w.Begin("question")
	name.write(w, "name")
	w.Text("type", e.QuestionType())
	w.End()
	w.End()
	w.Begin("related")
	w.List("ip", address)
	w.List("user", e.RecipientID)
	name.writeList(w, "hosts")
	w.End()
	w.Bytes("message", e.AppendMessage(w.Scratch()))
}
