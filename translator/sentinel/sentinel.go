// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package sentinel gives events the shape of rows in a table of Microsoft
// Sentinel's workspace: flat columns.
//
// The shape is that of the registry's own exporter. Extended, it adds columns
// and changes none. Findings about the transparency log, which that exporter does
// not know, are rows of the same table with columns of their own.
package sentinel

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// additionalFields is the column for what no other takes, of the type dynamic,
// as in Microsoft's Advanced Security Information Model.
const additionalFields = "AdditionalFields"

// Translator makes rows. The zero value makes what the registry's own exporter
// does. It is safe for concurrent use while its fields stay the same.
type Translator struct {
	// Extended adds the columns EventUid, OccurredAt, TlogStatus and TlogMismatch,
	// and AdditionalFields with what a pipeline added to the event. OccurredAt is the event's time;
	// TimeGenerated is replaced by the time of arrival when it is older than two
	// days.
	Extended bool
}

// columns writes all columns but AdditionalFields: those of the registry's own
// exporter, and EventUid, OccurredAt, TlogStatus, TlogMismatch and DecodeError.
// The values are the columns of the events table with the same names, where
// nothing else is said.
// TimeGenerated is what every table of a workspace has
// (https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns#timegenerated).
func (t *Translator) columns(w shape.Writer, e *translator.Event) {
	if e.Timestamp.IsZero() {
		w.Time("TimeGenerated", e.Observed)
	} else {
		w.Time("TimeGenerated", e.Timestamp)
	}
	w.Text("Schema", shape.Schema)
	w.Text("RegistryId", e.RegistryID)
	w.ID("EventId", e.ID) // id
	w.Text("BeaconKind", e.Kind)
	w.Text("Action", translator.Action(e.Kind))
	w.Text("TokenId", e.TokenID)
	w.Text("FileId", e.FileID)
	w.Text("RecipientId", e.RecipientID)
	w.Text("IssuerId", e.IssuerID)
	w.Text("SourceIp", e.SourceIP)
	w.Text("UserAgent", e.UserAgent)
	w.Text("QualifiedTimestamp", e.QualifiedTimestamp)
	if e.HasTlogIndex {
		w.Int("TlogIndex", e.TlogIndex)
	}
	w.ExtraText("ExtraJson", e.Extra) // extra, as compact JSON in ASCII
	if t.Extended {
		w.Text("EventUid", e.UID)         // identifies the event, to drop repeats by
		w.Time("OccurredAt", e.Timestamp) // timestamp
		w.Text("TlogStatus", e.TlogStatus)
		w.Text("TlogMismatch", e.TlogMismatch)
	}
	w.Text("DecodeError", e.DecodeError) // such rows end the registry's own exporter
}

// row writes all columns.
func (t *Translator) row(w shape.Writer, e *translator.Event, added translator.ExtraAttributes) {
	t.columns(w, e)
	if !t.Extended || added.Empty() {
		return
	}
	addedColumns(w, added)
}

// addedColumns writes what a pipeline added.
func addedColumns(w shape.Writer, added translator.ExtraAttributes) {
	w.Begin(additionalFields)
	for name, value := range added.All() {
		w.Attribute(name, value)
	}
	w.End()
}
