// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import "github.com/oversight-protocol/oversight-otelcol/translator"

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
