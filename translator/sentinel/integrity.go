// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// severities are the values that Microsoft Sentinel has for alerts, and the Advanced
// Security Information Model for EventSeverity
// (https://learn.microsoft.com/azure/sentinel/normalization-common-fields).
var severities = [...]string{shape.Informational: "Informational", shape.Medium: "Medium", shape.High: "High"}

// finding writes all columns of a finding but AdditionalFields. Columns that
// events have too mean the same there, except EventUid, which identifies the
// finding; RowUid is the event's. Only findings have IntegrityKind.
func finding(w shape.Writer, f *translator.Integrity) {
	w.Time("TimeGenerated", f.Observed)
	w.Text("Schema", shape.Schema)
	w.Text("RegistryId", f.RegistryID)
	w.ID("EventId", f.EventID)
	w.Text("Action", translator.IntegrityAction(f.Kind))
	w.Text("TokenId", f.TokenID)
	w.Text("FileId", f.FileID)
	if f.HasTlogIndex {
		w.Int("TlogIndex", f.TlogIndex)
	}
	w.Text("EventUid", f.UID)
	w.Time("OccurredAt", f.Observed)
	w.Text("TlogStatus", f.TlogStatus)
	w.Text("TlogMismatch", f.TlogMismatch)
	w.Text("IntegrityKind", f.Kind)
	w.Text("Severity", severities[shape.LevelOf(f.EffectiveSeverity())])
	w.Text("Message", f.Message)
	if f.IsEventRange() {
		w.ID("LastEventId", f.LastEventID)
	}
	w.Text("RowUid", f.RowUID)
	if f.Count != 0 {
		w.Int("IntegrityCount", f.Count)
	}
	if f.IsRun() {
		w.Int("TlogLastIndex", f.TlogLastIndex)
	}
	if f.TlogSize != 0 {
		w.Int("TlogSize", f.TlogSize)
	}
	w.Text("TlogRoot", f.TlogRoot)
	w.Text("TlogExpectedRoot", f.TlogExpectedRoot)
	w.Text("TlogSignature", f.Signature)
}
