// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package splunk gives events the shape that Splunk's HTTP Event Collector
// takes: an object with the metadata time, host, source, sourcetype and index,
// the event, and indexed fields, which are flat strings
// (https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector).
//
// The shape is that of the registry's own exporter. Extended, it adds fields
// and changes none. Findings about the transparency log, which that exporter does
// not know, have a shape and a sourcetype of their own.
package splunk

import (
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// Defaults of the metadata. The default host is the registry's id.
const (
	DefaultSource     = "oversight:registry"
	DefaultSourceType = "oversight:beacon"
)

// Translator makes HEC events. The zero value makes what the registry's own
// exporter does. It is safe for concurrent use while its fields stay the same.
type Translator struct {
	// Source is the metadata `source`. Default: DefaultSource.
	Source string
	// SourceType is the metadata `sourcetype` of events. Default:
	// DefaultSourceType.
	SourceType string
	// Index is the metadata `index`. Default: none, so that the token's
	// default index takes the event.
	Index string
	// Host is the metadata `host`. Default: the id of the event's registry.
	Host string
	// Extended adds `event.event_uid`, `event.tlog_status` and
	// `event.tlog_mismatch`, and what a pipeline added to the event as indexed
	// fields.
	Extended bool
}

func (t *Translator) source() string     { return either(t.Source, DefaultSource) }
func (t *Translator) sourceType() string { return either(t.SourceType, DefaultSourceType) }

func (t *Translator) host(registryID string) string { return either(t.Host, registryID) }

func either(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

// event writes what stands below the key `event`. The keys are those of the
// registry's own exporter, but for event_uid and decode_error; the values are the
// columns of the same names where nothing else is said.
func (t *Translator) event(w shape.Writer, e *translator.Event) {
	w.Text("schema", shape.Schema)
	w.Text("kind", e.Kind) // dns, http_img, ocsp, license, or a newer one
	w.Text("action", translator.Action(e.Kind))
	w.ID("event_id", e.ID) // the column id; handed out again after a backup was restored
	if t.Extended {
		w.Text("event_uid", e.UID) // identifies the event, to drop repeats by
	}
	w.Time("occurred_at", e.Timestamp) // the column timestamp, as RFC 3339
	w.Text("token_id", e.TokenID)
	w.Text("file_id", e.FileID)
	w.Text("recipient_id", e.RecipientID)
	w.Text("issuer_id", e.IssuerID)
	w.Text("source_ip", e.SourceIP)
	w.Text("user_agent", e.UserAgent)
	w.Text("qualified_timestamp", e.QualifiedTimestamp)
	if e.HasTlogIndex {
		w.Int("tlog_index", e.TlogIndex)
	}
	if t.Extended {
		w.Text("tlog_status", e.TlogStatus) // how the row stands to that leaf
		w.Names("tlog_mismatch", e.TlogMismatch)
	}
	w.Text("registry_id", e.RegistryID) // from the configuration
	w.Extra("extra", e.Extra)
	w.Text("decode_error", e.DecodeError) // such rows end the registry's own exporter
}

// fields writes what stands below the key `fields`: indexed, so that searches
// with tstats find them without reading events. The first four are those of the
// registry's own exporter. HEC takes flat strings only
// (https://docs.splunk.com/Documentation/Splunk/latest/Data/IFXandHEC).
func (t *Translator) fields(w shape.Writer, e *translator.Event, added translator.ExtraAttributes) {
	w.Text("file_id", e.FileID)
	w.Text("recipient_id", e.RecipientID)
	w.Text("issuer_id", e.IssuerID)
	w.Text("beacon_kind", e.Kind)
	if !t.Extended {
		return
	}
	for name, value := range added.All() {
		switch name {
		case "file_id", "recipient_id", "issuer_id", "beacon_kind": // the event's own stand
		default:
			w.AttributeText(name, value)
		}
	}
}

// timeOf is the first time that is known: when the event happened, or else when
// it was read. Without any it is 0, which the registry's exporter writes.
func timeOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Unix(0, 0)
}
