// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package splunk writes events in the shape that Splunk's HTTP Event Collector
// accepts: an object with the metadata time, host, source, sourcetype and index,
// the event, and indexed fields, which are flat strings
// (https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector).
//
// The shape is that of the registry's own exporter. Extended, it adds fields
// and changes none. Findings about the transparency log and checkpoint records, which
// that exporter does not write, have a shape and a sourcetype of their own each.
package splunk

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// Defaults of the metadata. The default host is the registry's id.
const (
	DefaultSource     = "oversight:registry"
	DefaultSourceType = "oversight:beacon"
)

// Translator writes HEC events. The zero value writes what the registry's own
// exporter does. It is safe for concurrent use while its fields stay the same.
type Translator struct {
	// Source is the metadata `source`. Default: DefaultSource.
	Source string
	// SourceType is the metadata `sourcetype` of events. Default:
	// DefaultSourceType.
	SourceType string
	// Index is the metadata `index`. Default: none, which means the token's
	// default index.
	Index string
	// Host is the metadata `host`. Default: the id of the event's registry.
	Host string
	// Extended adds `event.event_uid`, `event.src_ip` (the address in a `source_ip`
	// that is written differently, such as with a port), `event.tlog_status`,
	// `event.tlog_mismatch`, `event.truncated` and `event.reduced`, and what a
	// pipeline added to the event as indexed fields.
	Extended bool
}

// event writes what is below the key `event`.
func (t *Translator) event(w shape.Writer, d *translator.Document) {
	switch {
	case d.Integrity != nil:
		finding(w, d.Integrity)
	case d.Checkpoint != nil:
		checkpoint(w, d.Checkpoint)
	default:
		t.beacon(w, d.Event)
	}
}

// beacon writes what is below the key `event` of an event. The keys are those of
// the registry's own exporter, and event_uid, tlog_status, tlog_mismatch and
// decode_error. The values are the columns of the same names, unless a comment says
// otherwise.
func (t *Translator) beacon(w shape.Writer, e *translator.Event) {
	w.Text("schema", shape.Schema)
	w.Text("kind", e.Kind) // dns, http_img, ocsp, license, or a newer one
	w.Text("action", translator.Action(e.Kind))
	w.ID("event_id", e.ID) // the column id; assigned a second time after a backup was restored
	if t.Extended {
		w.Text("event_uid", e.UID) // identifies the event, to recognize repeats
	}
	w.Time("occurred_at", e.Timestamp) // the column timestamp, as RFC 3339
	w.Text("token_id", e.TokenID)
	w.Text("file_id", e.FileID)
	w.Text("recipient_id", e.RecipientID)
	w.Text("issuer_id", e.IssuerID)
	w.Text("source_ip", e.SourceIP)
	if t.Extended {
		w.Text("src_ip", e.OtherAddress())
	}
	w.Text("user_agent", e.UserAgent)
	w.Text("qualified_timestamp", e.QualifiedTimestamp)
	if e.HasTlogIndex {
		w.Int("tlog_index", e.TlogIndex)
	}
	if t.Extended {
		w.Text("tlog_status", e.TlogStatus) // the result of comparing the row with that leaf
		w.Names("tlog_mismatch", e.TlogMismatch)
		w.Names("truncated", e.Truncated) // columns whose values were cut
		w.Names("reduced", e.Reduced)     // columns that were left out
	}
	w.Text("registry_id", e.RegistryID) // from the configuration
	w.Extra("extra", e.Extra)
	w.Text("decode_error", e.DecodeError) // the registry's own exporter fails on such rows
}

// fields writes what is below the key `fields`: indexed, so that searches with
// tstats find them without reading events. HEC accepts flat strings only
// (https://docs.splunk.com/Documentation/Splunk/latest/Data/IFXandHEC). Findings and
// checkpoint records have only what a pipeline added: they are few, and a field that is
// indexed beside the event has two values.
func (t *Translator) fields(w shape.Writer, d *translator.Document) {
	if e := d.Event; e != nil { // as the registry's own exporter has them
		w.Text("file_id", e.FileID)
		w.Text("recipient_id", e.RecipientID)
		w.Text("issuer_id", e.IssuerID)
		w.Text("beacon_kind", e.Kind)
	}
	if !t.Extended {
		return
	}
	for name, value := range d.Extra.All() {
		if d.Event != nil && isEventField(name) {
			continue
		}
		if name == "" {
			name = shape.UniqueName(shape.Unnamed, func(name string) bool { _, taken := d.Extra.Get(name); return taken })
		}
		w.AttributeText(name, value)
	}
}

// isEventField reports whether a name is that of an indexed field of events, which
// nothing that a pipeline added replaces.
func isEventField(name string) bool {
	switch name {
	case "file_id", "recipient_id", "issuer_id", "beacon_kind":
		return true
	default:
		return false
	}
}
