// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// IntegritySourceType is the metadata `sourcetype` of findings. The rest of
// the metadata is as for events.
const IntegritySourceType = "oversight:integrity"

// severities are the values of severity that the data model Alerts of the Common
// Information Model prescribes (https://docs.splunk.com/Documentation/CIM/latest/User/Alerts).
var severities = [...]string{shape.Informational: "informational", shape.Medium: "medium", shape.High: "high"}

// finding writes what is below the key `event` of a finding. Keys that events have
// too mean the same there, except event_uid, which identifies the finding; row_uid
// is the event's.
func finding(w shape.Writer, f *translator.Integrity) {
	w.Text("schema", shape.Schema)
	w.Text("integrity_kind", f.Kind)
	w.Text("action", translator.IntegrityAction(f.Kind))
	w.Text("message", f.Message)
	w.Text("event_uid", f.UID)
	w.Time("occurred_at", f.Observed)
	w.Text("severity", severities[shape.LevelOf(f.EffectiveSeverity())])
	shape.Subject(w, f)
	shape.Evidence(w, f)
	w.Text("registry_id", f.RegistryID)
}
