// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"
)

// IntegrityEventName is the EventName of the log records of findings.
const IntegrityEventName = "oversight.integrity"

// Names of log record attributes that only findings have. They share
// [AttributeEventUID], [AttributeEventID], [AttributeTlogIndex],
// [AttributeTlogStatus] and [AttributeTlogMismatch] with events.
const (
	// AttributeIntegrityKind is the kind of finding: one of the constants
	// [IntegrityRowMismatch] and following.
	AttributeIntegrityKind = "oversight.integrity_kind"
	// AttributeRowUID is the [AttributeEventUID] of the event that the finding
	// is about.
	AttributeRowUID = "oversight.row_uid"
	// AttributeTlogLastIndex is the last leaf of the run that begins at
	// [AttributeTlogIndex], an int. Absent where it is about one leaf.
	AttributeTlogLastIndex = "oversight.tlog_last_index"
	// AttributeTlogSize is the number of leaves that the roots are of, an int.
	AttributeTlogSize = "oversight.tlog_size"
	// AttributeTlogRoot is the root of the log that was found, in hex.
	AttributeTlogRoot = "oversight.tlog_root"
	// AttributeTlogExpectedRoot is the root that it had before, or that a signed
	// tree head says that it has, in hex.
	AttributeTlogExpectedRoot = "oversight.tlog_expected_root"
	// AttributeTlogSignature is the signature of that tree head, in hex.
	AttributeTlogSignature = "oversight.tlog_signature"
)

// Integrity is one finding about the transparency log or the events table: two
// records of the registry that should bear each other out do not. Text is valid
// UTF-8. A zero value stands for what the finding does not tell. Findings are
// compared with ==.
type Integrity struct {
	// RegistryID names the registry that the finding is about.
	RegistryID string
	// Kind is one of the constants [IntegrityRowMismatch] and following.
	Kind string
	// UID identifies the finding: 32 hex digits, see [Integrity.SetUID].
	UID string
	// Message is one sentence for a person.
	Message string
	// Observed is when it was found.
	Observed time.Time
	// EventID and RowUID are the id and the uid of the row that it is about.
	EventID int64
	RowUID  string
	// TlogIndex is the leaf that it is about, or the first of a run. It counts
	// only if HasTlogIndex is set.
	TlogIndex    int64
	HasTlogIndex bool
	// TlogLastIndex is the last leaf of the run. It counts only if it is above
	// TlogIndex.
	TlogLastIndex int64
	// TlogStatus and TlogMismatch are those of the row, see [Event].
	TlogStatus, TlogMismatch string
	// TlogSize is the number of leaves that the roots are of.
	TlogSize int64
	// TlogRoot is the root that was found, and TlogExpectedRoot the one that it
	// had before or that a signed tree head says, both in hex.
	TlogRoot, TlogExpectedRoot string
	// Signature is that of the signed tree head, in hex.
	Signature string
}

// IntegrityAction names what was found, as [Action] does for events:
// integrity-row-mismatch and so on.
func IntegrityAction(kind string) string {
	return "integrity-" + strings.ReplaceAll(kind, "_", "-")
}

// integrityAttribute carries a field of a finding.
type integrityAttribute struct {
	name string
	put  func(*Integrity, pcommon.Map)
	take func(*Integrity, pcommon.Value)
}

var integrityAttributes = []integrityAttribute{
	integrityText(AttributeIntegrityKind, func(f *Integrity) *string { return &f.Kind }),
	integrityText(AttributeEventUID, func(f *Integrity) *string { return &f.UID }),
	{AttributeEventID, putIntegrityEventID, func(f *Integrity, v pcommon.Value) { f.EventID = orZero(intOf(v)) }},
	integrityText(AttributeRowUID, func(f *Integrity) *string { return &f.RowUID }),
	{AttributeTlogIndex, putIntegrityIndex, func(f *Integrity, v pcommon.Value) { f.TlogIndex, f.HasTlogIndex = intOf(v) }},
	{AttributeTlogLastIndex, putIntegrityLastIndex, func(f *Integrity, v pcommon.Value) { f.TlogLastIndex = orZero(intOf(v)) }},
	integrityText(AttributeTlogStatus, func(f *Integrity) *string { return &f.TlogStatus }),
	{AttributeTlogMismatch, putIntegrityMismatch, func(f *Integrity, v pcommon.Value) { f.TlogMismatch = joined(v) }},
	{AttributeTlogSize, putIntegritySize, func(f *Integrity, v pcommon.Value) { f.TlogSize = orZero(intOf(v)) }},
	integrityText(AttributeTlogRoot, func(f *Integrity) *string { return &f.TlogRoot }),
	integrityText(AttributeTlogExpectedRoot, func(f *Integrity) *string { return &f.TlogExpectedRoot }),
	integrityText(AttributeTlogSignature, func(f *Integrity) *string { return &f.Signature }),
}

// integrityTakers finds the attribute of a name.
var integrityTakers = func() map[string]func(*Integrity, pcommon.Value) {
	m := make(map[string]func(*Integrity, pcommon.Value), len(integrityAttributes))
	for _, a := range integrityAttributes {
		m[a.name] = a.take
	}
	return m
}()

func integrityText(name string, field func(*Integrity) *string) integrityAttribute {
	return integrityAttribute{
		name: name,
		put: func(f *Integrity, m pcommon.Map) {
			if text := *field(f); text != "" {
				m.PutStr(name, text)
			}
		},
		take: func(f *Integrity, v pcommon.Value) { *field(f) = v.AsString() },
	}
}

func putIntegrityEventID(f *Integrity, m pcommon.Map) {
	(&Event{ID: f.EventID}).put(fieldID, AttributeEventID, m)
}

func putIntegrityIndex(f *Integrity, m pcommon.Map) {
	if f.HasTlogIndex {
		m.PutInt(AttributeTlogIndex, f.TlogIndex)
	}
}

func putIntegrityLastIndex(f *Integrity, m pcommon.Map) {
	if f.IsRun() {
		m.PutInt(AttributeTlogLastIndex, f.TlogLastIndex)
	}
}

func putIntegrityMismatch(f *Integrity, m pcommon.Map) {
	(&Event{TlogMismatch: f.TlogMismatch}).put(fieldTlogMismatch, AttributeTlogMismatch, m)
}

func putIntegritySize(f *Integrity, m pcommon.Map) {
	if f.TlogSize != 0 {
		m.PutInt(AttributeTlogSize, f.TlogSize)
	}
}

func orZero(n int64, ok bool) int64 {
	if !ok {
		return 0
	}
	return n
}

// IsRun reports whether the finding is about more than one leaf, those from
// TlogIndex to TlogLastIndex. An index of -1, for no leaf, begins no run.
func (f *Integrity) IsRun() bool {
	return f.HasTlogIndex && f.TlogIndex >= 0 && f.TlogLastIndex > f.TlogIndex
}

// SetUID makes the UID: the first half of a SHA-256, in hex, over the registry
// id and all that the finding tells but Message and Observed, so that the same
// finding has the same. What is hashed is the compact JSON of an object with the
// attributes of the record, in the order in which [Integrity.ToLogRecord] puts
// them, after oversight.registry_id.
func (f *Integrity) SetUID() { f.UID = f.makeUID() }

func (f *Integrity) makeUID() string {
	nameless := *f
	nameless.UID = ""
	m := pcommon.NewMap()
	m.PutStr(AttributeRegistryID, f.RegistryID)
	nameless.putAttributes(m)
	sum := sha256.Sum256(encode.Object(nil, m))
	return hex.EncodeToString(sum[:sha256.Size/2])
}

func (f *Integrity) putAttributes(m pcommon.Map) {
	for i := range integrityAttributes {
		integrityAttributes[i].put(f, m)
	}
}

// ToLogRecord fills a new, empty record. A finding without a UID gets the one
// of [Integrity.SetUID] there. The registry id is not part of the record: see
// [SetResource].
func (f *Integrity) ToLogRecord(record plog.LogRecord) {
	record.SetTimestamp(toTimestamp(f.Observed))
	record.SetObservedTimestamp(toTimestamp(f.Observed))
	record.SetEventName(IntegrityEventName)
	record.SetSeverityNumber(plog.SeverityNumberError)
	record.SetSeverityText("ERROR")
	record.Body().SetStr(f.Message)
	m := record.Attributes()
	m.EnsureCapacity(len(integrityAttributes))
	identified := *f
	if identified.UID == "" {
		identified.SetUID()
	}
	identified.putAttributes(m)
}

// IsIntegrity reports whether a record holds a finding.
func IsIntegrity(record plog.LogRecord) bool {
	return record.EventName() == IntegrityEventName
}

// IntegrityFromLogRecord is the inverse of [Integrity.ToLogRecord] and
// [SetResource], with what the pipeline changed as in [FromLogRecord].
func IntegrityFromLogRecord(resource pcommon.Resource, record plog.LogRecord) (Integrity, ExtraAttributes) {
	f := Integrity{Message: record.Body().AsString(), Observed: fromTimestamp(record.ObservedTimestamp())}
	if f.Observed.IsZero() {
		f.Observed = fromTimestamp(record.Timestamp())
	}
	if id, ok := resource.Attributes().Get(AttributeRegistryID); ok {
		f.RegistryID = id.AsString()
	}
	added := ExtraAttributes{resource: resource.Attributes(), record: record.Attributes(), integrity: true}
	added.any = addsAny(resource.Attributes())
	for name, value := range record.Attributes().All() {
		if take, ok := integrityTakers[name]; ok {
			take(&f, value)
		} else {
			added.any = true
		}
	}
	if !f.HasTlogIndex {
		f.TlogIndex = 0
	}
	if !f.IsRun() {
		f.TlogLastIndex = 0
	}
	return f, added
}
