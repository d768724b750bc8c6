// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// IntegrityDataset is the value of event.dataset of findings.
const IntegrityDataset = "oversight.integrity"

// integrityCategorization says what findings are, in the words of the standard
// (ecs-allowed-values-event-kind.html and the pages beside it). They are alerts:
// what a detection outside of the Elastic Stack has found. Of the categories,
// `database` is for a system that stores and retrieves data, "not limited to
// relational database systems", which the registry's table and its log are;
// `configuration` is for settings, `file` for files that appear and go, and
// `intrusion_detection` for what such systems see on a network or a host. Of the
// types that belong to it, `info` does not claim that somebody's access or change
// was seen: what was seen is that two records do not agree.
var integrityCategorization = shape.NewFixed(func(w shape.Writer) {
	w.Text("kind", "alert")
	w.Texts("category", []string{"database"})
	w.Texts("type", []string{"info"})
	w.Text("dataset", IntegrityDataset)
	w.Text("module", "oversight")
	w.Text("provider", translator.ServiceName)
})

// finding writes all fields of a finding, the field sets in the order of
// [Translator.document].
func (t *Translator) finding(w shape.Writer, f *translator.Integrity, added translator.ExtraAttributes) {
	w.Time("@timestamp", f.Observed)
	w.Fixed(version)
	w.Begin("event")
	w.Fixed(integrityCategorization)
	w.Text("action", translator.IntegrityAction(f.Kind))
	w.Text("id", f.UID)
	w.Text("hash", f.UID) // what repeats are told by, as of events
	w.Text("reason", f.Message)
	w.End()
	if t.Extended && !added.Empty() {
		w.Begin("source")
		place(w, added)
		w.End()
		w.Begin("labels")
		addedLabels(w, added, map[string]bool{})
		w.End()
	}
	integrity(w, f)
	w.Text("message", f.Message)
}

// integrity writes what ECS has no place for. The names that events have too mean
// the same there.
func integrity(w shape.Writer, f *translator.Integrity) {
	w.Begin("oversight")
	w.Text("schema", shape.Schema)
	w.Text("registry_id", f.RegistryID)
	w.Text("integrity_kind", f.Kind)
	w.ID("event_id", f.EventID) // event.id of the event that it is about
	w.Text("row_uid", f.RowUID) // event.hash of that event
	shape.Evidence(w, f)
	w.End()
}
