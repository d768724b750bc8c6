// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// CheckpointSourceType is the metadata `sourcetype` of checkpoint records. The rest of
// the metadata is as for events.
const CheckpointSourceType = "oversight:checkpoint"

// checkpoint writes what is below the key `event` of a checkpoint record. event_id and
// row_uid are those of the last event that was delivered; event_uid identifies the record.
func checkpoint(w shape.Writer, c *translator.Checkpoint) {
	w.Text("schema", shape.Schema)
	w.Text("action", translator.CheckpointAction)
	w.Text("message", c.Message)
	w.Text("event_uid", c.UID)
	w.Time("occurred_at", c.Observed)
	shape.Checkpoint(w, c)
	w.Text("registry_id", c.RegistryID)
}
