// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package ecs

import (
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/internal/shape"
)

// IntegrityDataset is the value of event.dataset of findings.
const IntegrityDataset = "oversight.integrity"

// severities are the values of event.severity (ecs-event.html), which "represents the
// severity of the event according to the event source". ECS prescribes no numbers: these
// are those that the rule External Alerts of Elastic's detection-rules maps to its own
// severities low, medium and high. They are those of event.risk_score, too: Elastic's
// rules have these risk scores for these severities.
var severities = [...]int64{shape.Informational: 21, shape.Medium: 47, shape.High: 73}

// findingCategorization is the categorization of findings
// (ecs-allowed-values-event-kind.html and the pages beside it). They are alerts: a
// detection outside of the Elastic Stack raised them. Of the categories,
// `database` is for a system that stores and retrieves data, "not limited to
// relational database systems", which covers the registry's table and its log;
// `configuration` is for settings, `file` for files that are created or deleted,
// and `intrusion_detection` for what such systems see on a network or a host. Of
// the types that belong to it, `info` does not claim that an access or a change
// was observed: only that two records do not agree.
var findingCategorization = integrityCategorization("alert")

// recordCategorization is that of records that need no look: no alert, which rules would
// match, and no `event` either, by which queries tell beacons from the rest. A `state`
// "conveys information about the state of an entity" (ecs-allowed-values-event-kind.html).
var recordCategorization = integrityCategorization("state")

func integrityCategorization(kind string) *shape.Fixed {
	return shape.NewFixed(func(w shape.Writer) {
		w.Text("kind", kind)
		w.Texts("category", []string{"database"})
		w.Texts("type", []string{"info"})
		w.Text("dataset", IntegrityDataset)
		w.Text("module", "oversight")
		w.Text("provider", translator.ServiceName)
	})
}

// finding writes all fields of a finding, the field sets in the order of
// [Translator.beacon].
func finding(w shape.Writer, f *translator.Integrity, extra translator.ExtraAttributes) {
	w.Time("@timestamp", f.Observed)
	w.Fixed(versionAndObserver)
	w.Begin("event")
	level := shape.LevelOf(f.EffectiveSeverity())
	if level == shape.Informational {
		w.Fixed(recordCategorization)
	} else {
		w.Fixed(findingCategorization)
	}
	w.Text("action", translator.IntegrityAction(f.Kind))
	w.Text("id", f.UID)
	w.Text("hash", f.UID) // to recognize repeats, as of events
	w.Text("reason", f.Message)
	w.Int("severity", severities[level])
	if level != shape.Informational {
		w.Int("risk_score", severities[level])
	}
	w.End()
	if level != shape.Informational {
		w.Begin("rule") // ecs-rule.html: "the name of the rule or signature generating the event"
		w.Text("name", f.Kind)
		w.End()
	}
	added(w, extra)
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
	shape.Subject(w, f) // event_id is the event.id of the event that it is about, row_uid its event.hash
	shape.Evidence(w, f)
	w.End()
}
