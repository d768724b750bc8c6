// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// IntegrityDataset is the value of event.dataset of findings.
const IntegrityDataset = "oversight.integrity"

// integrityCategorization is the categorization of findings
// (ecs-allowed-values-event-kind.html and the pages beside it). They are alerts: a
// detection outside of the Elastic Stack raised them. Of the categories,
// `database` is for a system that stores and retrieves data, "not limited to
// relational database systems", which covers the registry's table and its log;
// `configuration` is for settings, `file` for files that are created or deleted,
// and `intrusion_detection` for what such systems see on a network or a host. Of
// the types that belong to it, `info` does not claim that an access or a change
// was observed: only that two records do not agree.
var integrityCategorization = shape.NewFixed(func(w shape.Writer) {
	w.Text("kind", "alert")
	w.Texts("category", []string{"database"})
	w.Texts("type", []string{"info"})
	w.Text("dataset", IntegrityDataset)
	w.Text("module", "oversight")
	w.Text("provider", translator.ServiceName)
})

// finding writes all fields of a finding, the field sets in the order of
// [Translator.beacon].
func finding(w shape.Writer, f *translator.Integrity, extra translator.ExtraAttributes) {
	w.Time("@timestamp", f.Observed)
	w.Fixed(version)
	w.Begin("event")
	w.Fixed(integrityCategorization)
	w.Text("action", translator.IntegrityAction(f.Kind))
	w.Text("id", f.UID)
	w.Text("hash", f.UID) // to recognize repeats, as of events
	w.Text("reason", f.Message)
	w.End()
	w.Begin("source")
	location(w, extra)
	w.End()
	w.Begin("labels")
	extraLabels(w, extra, func(string) bool { return false }) // findings have no labels of their own
	w.End()
	integrity(w, f)
	w.Text("message", f.Message)
}

// integrity writes the fields that ECS does not define. Names that events have too
// mean the same there.
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
