// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import "github.com/oversight-protocol/oversight-otelcol/translator"

// Subject writes the rows, the token and the document that a finding is about, for the
// shapes whose keys are those of this package.
func Subject(w Writer, f *translator.Integrity) {
	w.ID("event_id", f.EventID) // the id of the event that it is about, or of the first
	if f.IsEventRange() {
		w.ID("last_event_id", f.LastEventID)
	}
	w.Text("row_uid", f.RowUID) // the uid of that event
	if f.Count != 0 {
		w.Int("integrity_count", f.Count)
	}
	w.Text("token_id", f.TokenID)
	w.Text("file_id", f.FileID)
}

// Evidence writes the transparency log's part of a finding, for the shapes whose
// keys are those of this package.
func Evidence(w Writer, f *translator.Integrity) {
	if f.HasTlogIndex {
		w.Int("tlog_index", f.TlogIndex)
	}
	if f.IsRun() {
		w.Int("tlog_last_index", f.TlogLastIndex)
	}
	w.Text("tlog_status", f.TlogStatus)
	w.Names("tlog_mismatch", f.TlogMismatch)
	if f.TlogSize != 0 {
		w.Int("tlog_size", f.TlogSize)
	}
	w.Text("tlog_root", f.TlogRoot)
	w.Text("tlog_expected_root", f.TlogExpectedRoot)
	w.Text("tlog_signature", f.Signature)
}
