// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import "github.com/oversight-protocol/oversight-otelcol/translator"

// Checkpoint writes what a checkpoint record reports, for the shapes whose keys are those
// of this package. Counts are there even where they are 0.
func Checkpoint(w Writer, c *translator.Checkpoint) {
	w.Text("collector", c.Collector)
	w.Text("receiver", c.Receiver)
	w.Text("checkpoint_reason", c.Reason)
	w.ID("event_id", c.LastEventID) // the id of the last event that was delivered
	w.Text("row_uid", c.LastRowUID) // the uid of that event
	w.Time("counted_since", c.Since)
	w.Int("delivered_events", c.Delivered)
	if c.Checked {
		w.Int("verified_events", c.Verified)
		w.Int("mismatch_events", c.Mismatch)
		w.Int("missing_events", c.Missing)
		w.Int("duplicate_events", c.Duplicate)
		w.Int("unavailable_events", c.Unavailable)
		w.Int("unresolved_events", c.Unresolved)
	}
	if c.HasUndelivered {
		w.Int("undelivered_events", c.Undelivered)
	}
	w.Time("holding_since", c.HoldingSince)
	w.Int("quarantined_events", c.Quarantined)
	w.Int("reduced_events", c.Reduced)
	w.Int("undelivered_findings", c.Findings)
	if c.Checked {
		w.Int("tlog_size", c.TlogSize)
		w.Text("tlog_root", c.TlogRoot)
	}
	if c.HeadRoot != "" {
		w.Int("head_size", c.HeadSize)
		w.Text("head_root", c.HeadRoot)
		w.Text("head_signature", c.HeadSignature)
		w.Text("head_checkpoint", c.HeadText())
	}
}
