// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// checkpoint writes all columns of a checkpoint record but AdditionalFields. EventId and
// RowUid are those of the last event that was delivered; EventUid identifies the record.
// Only checkpoint records have CheckpointReason.
func checkpoint(w shape.Writer, c *translator.Checkpoint) {
	w.Time("TimeGenerated", c.Observed)
	w.Text("Schema", shape.Schema)
	w.Text("RegistryId", c.RegistryID)
	w.ID("EventId", c.LastEventID)
	w.Text("Action", translator.CheckpointAction)
	w.Text("EventUid", c.UID)
	w.Time("OccurredAt", c.Observed)
	w.Text("Message", c.Message)
	w.Text("RowUid", c.LastRowUID)
	if c.Checked {
		w.Int("TlogSize", c.TlogSize)
		w.Text("TlogRoot", c.TlogRoot)
	}
	w.Text("CheckpointReason", c.Reason)
	w.Text("Collector", c.Collector)
	w.Text("Receiver", c.Receiver)
	w.Time("CountedSince", c.Since)
	w.Int("DeliveredEvents", c.Delivered)
	if c.Checked {
		w.Int("VerifiedEvents", c.Verified)
		w.Int("MismatchEvents", c.Mismatch)
		w.Int("MissingEvents", c.Missing)
		w.Int("DuplicateEvents", c.Duplicate)
		w.Int("UnavailableEvents", c.Unavailable)
		w.Int("UnresolvedEvents", c.Unresolved)
	}
	if c.HasUndelivered {
		w.Int("UndeliveredEvents", c.Undelivered)
	}
	w.Time("HoldingSince", c.HoldingSince)
	w.Int("QuarantinedEvents", c.Quarantined)
	w.Int("ReducedEvents", c.Reduced)
	w.Int("UndeliveredFindings", c.Findings)
	if c.HeadRoot != "" {
		w.Int("HeadSize", c.HeadSize)
		w.Text("HeadRoot", c.HeadRoot)
		w.Text("HeadSignature", c.HeadSignature)
		w.Text("HeadCheckpoint", c.HeadText())
	}
}
