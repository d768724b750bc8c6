// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// CheckpointDataset is the value of event.dataset of checkpoint records.
const CheckpointDataset = "oversight.checkpoint"

// checkpointCategorization is the categorization of checkpoint records: of the kind
// `state`, which is "similar to metric" and conveys "information about the state of an
// entity" (ecs-allowed-values-event-kind.html). Category and type are those of findings.
var checkpointCategorization = shape.NewFixed(func(w shape.Writer) {
	w.Text("kind", "state")
	w.Texts("category", []string{"database"})
	w.Texts("type", []string{"info"})
	w.Text("dataset", CheckpointDataset)
	w.Text("module", "oversight")
	w.Text("provider", translator.ServiceName)
})

// checkpoint writes all fields of a checkpoint record, the field sets in the order of
// [Translator.beacon].
func checkpoint(w shape.Writer, c *translator.Checkpoint, extra translator.ExtraAttributes) {
	w.Time("@timestamp", c.Observed)
	w.Fixed(versionAndObserver)
	w.Begin("event")
	w.Fixed(checkpointCategorization)
	w.Text("action", translator.CheckpointAction)
	w.Text("id", c.UID)
	w.Text("hash", c.UID) // to recognize repeats, as of events
	w.End()
	added(w, extra)
	w.Begin("oversight")
	w.Text("schema", shape.Schema)
	w.Text("registry_id", c.RegistryID)
	shape.Checkpoint(w, c)
	w.End()
	w.Text("message", c.Message)
}

// added writes what a pipeline added to what is no event: source.geo and labels.
func added(w shape.Writer, extra translator.ExtraAttributes) {
	w.Begin("source")
	location(w, extra)
	w.End()
	w.Begin("labels")
	extraLabels(w, extra, func(string) bool { return false }) // only events have labels of their own
	w.End()
}
