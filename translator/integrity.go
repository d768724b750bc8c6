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
// [AttributeRecordUID], [AttributeEventID], [AttributeTlogIndex],
// [AttributeTlogStatus] and [AttributeTlogMismatch] with events.
const (
	// AttributeIntegrityKind is the kind of finding: one of the constants
	// [IntegrityRowMismatch] and following.
	AttributeIntegrityKind = "oversight.integrity.kind"
	// AttributeEventUID is the [AttributeRecordUID] of the event that the finding
	// is about.
	AttributeEventUID = "oversight.event.uid"
	// AttributeEventLastID is the last row of the range that begins at
	// [AttributeEventID], a string. Absent where the finding is about one row.
	AttributeEventLastID = "oversight.event.last_id"
	// AttributeIntegrityCount is how many rows or leaves a record is about, an int.
	// Absent where that is one, or all of its range.
	AttributeIntegrityCount = "oversight.integrity.count"
	// AttributeTlogLastIndex is the last leaf of the range that begins at
	// [AttributeTlogIndex], an int. Absent where the finding is about one leaf.
	AttributeTlogLastIndex = "oversight.tlog.last_index"
	// AttributeTlogSize is the number of leaves that the roots cover, an int.
	AttributeTlogSize = "oversight.tlog.size"
	// AttributeTlogRoot is the root that was computed from the log, in hex.
	AttributeTlogRoot = "oversight.tlog.root"
	// AttributeTlogExpectedRoot is the root that was computed before, or the root
	// of a signed tree head, in hex.
	AttributeTlogExpectedRoot = "oversight.tlog.expected_root"
	// AttributeTlogSignature is the signature of that tree head, in hex.
	AttributeTlogSignature = "oversight.tlog.signature"
)

// Integrity is one finding about the transparency log or the events table: two
// records of the registry that should agree do not. Text is valid UTF-8. A field
// that does not apply is zero. Findings are compared with ==.
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
	// Severity is that of the record; 0: [IntegritySeverity] of its kind.
	Severity plog.SeverityNumber
	// EventID and RowUID are the id and the uid of the row that it is about, or EventID
	// the first of a range.
	EventID int64
	RowUID  string
	// LastEventID is the last row of the range. It counts only if it is above EventID.
	LastEventID int64
	// Count is how many rows or leaves it is about; 0: one, or all of its range.
	Count int64
	// TokenID and FileID are the token and the document that it is about.
	TokenID, FileID string
	// TlogIndex is the leaf that it is about, or the first of a range. It counts
	// only if HasTlogIndex is set.
	TlogIndex    int64
	HasTlogIndex bool
	// TlogLastIndex is the last leaf of the range. It counts only if it is above
	// TlogIndex.
	TlogLastIndex int64
	// TlogStatus and TlogMismatch are those of the row, see [Event].
	TlogStatus, TlogMismatch string
	// TlogSize is the number of leaves that the roots cover.
	TlogSize int64
	// TlogRoot is the root that was computed from the log, and TlogExpectedRoot
	// the root that was computed before or that of a signed tree head, both in hex.
	TlogRoot, TlogExpectedRoot string
	// Signature is that of the signed tree head, in hex.
	Signature string
}

// IntegrityAction is the name of what was found, as [Action] is for events:
// integrity-row-mismatch and so on.
func IntegrityAction(kind string) string {
	return "integrity-" + strings.ReplaceAll(kind, "_", "-")
}

// integrityFields describes each field of a finding once: the attribute that
// carries it, and the name under which it enters the uid, "" for a field that does
// not. Those names are frozen, and those of the attributes need not be: a
// destination recognizes a repeat by the uid.
var integrityFields = [...]struct {
	attribute attribute
	uidName   string
}{
	{attribute{AttributeIntegrityKind, fieldKind, formText}, "oversight.integrity_kind"},
	{attribute{AttributeRecordUID, fieldUID, formText}, ""},
	{attribute{AttributeEventID, fieldID, formDecimal}, "oversight.event_id"},
	{attribute{AttributeEventUID, fieldRowUID, formText}, "oversight.row_uid"},
	{attribute{AttributeEventLastID, fieldLastID, formDecimal}, "oversight.last_event_id"},
	{attribute{AttributeIntegrityCount, fieldCount, formInt}, "oversight.integrity_count"},
	{attribute{AttributeTokenID, fieldTokenID, formText}, "oversight.token_id"},
	{attribute{AttributeFileID, fieldFileID, formText}, "oversight.file_id"},
	{attribute{AttributeTlogIndex, fieldTlogIndex, formInt}, "oversight.tlog_index"},
	{attribute{AttributeTlogLastIndex, fieldTlogLastIndex, formInt}, "oversight.tlog_last_index"},
	{attribute{AttributeTlogStatus, fieldTlogStatus, formText}, "oversight.tlog_status"},
	{attribute{AttributeTlogMismatch, fieldTlogMismatch, formNames}, "oversight.tlog_mismatch"},
	{attribute{AttributeTlogSize, fieldTlogSize, formInt}, "oversight.tlog_size"},
	{attribute{AttributeTlogRoot, fieldTlogRoot, formText}, "oversight.tlog_root"},
	{attribute{AttributeTlogExpectedRoot, fieldTlogExpectedRoot, formText}, "oversight.tlog_expected_root"},
	{attribute{AttributeTlogSignature, fieldSignature, formText}, "oversight.tlog_signature"},
}

// uidRegistryID is the name under which the registry's id enters the uid.
const uidRegistryID = "oversight.registry_id"

// integrityAttributes are the attributes of a finding's record, and uidAttributes
// the fields under the names that are hashed.
var integrityAttributes, uidAttributes = func() (record, uid *attributeSet) {
	record, uid = new(attributeSet), new(attributeSet)
	for _, f := range integrityFields {
		record.add(f.attribute)
		uid.add(attribute{f.uidName, f.attribute.field, f.attribute.form})
	}
	return record.index(), uid.index()
}()

// slot points to a field of the finding.
func (f *Integrity) slot(field field) slot {
	switch field {
	case fieldKind:
		return slot{text: &f.Kind}
	case fieldUID:
		return slot{text: &f.UID}
	case fieldID:
		return slot{number: &f.EventID}
	case fieldRowUID:
		return slot{text: &f.RowUID}
	case fieldLastID:
		return slot{number: &f.LastEventID}
	case fieldCount:
		return slot{number: &f.Count}
	case fieldTokenID:
		return slot{text: &f.TokenID}
	case fieldFileID:
		return slot{text: &f.FileID}
	case fieldTlogIndex:
		return slot{number: &f.TlogIndex, present: &f.HasTlogIndex}
	case fieldTlogLastIndex:
		return slot{number: &f.TlogLastIndex}
	case fieldTlogStatus:
		return slot{text: &f.TlogStatus}
	case fieldTlogMismatch:
		return slot{text: &f.TlogMismatch}
	case fieldTlogSize:
		return slot{number: &f.TlogSize}
	case fieldTlogRoot:
		return slot{text: &f.TlogRoot}
	case fieldTlogExpectedRoot:
		return slot{text: &f.TlogExpectedRoot}
	case fieldSignature:
		return slot{text: &f.Signature}
	default: // of events
		return slot{}
	}
}

// clearUnused clears indices that do not count.
func (f *Integrity) clearUnused() {
	if !f.HasTlogIndex {
		f.TlogIndex = 0
	}
	if !f.IsRun() {
		f.TlogLastIndex = 0
	}
	if !f.IsEventRange() {
		f.LastEventID = 0
	}
}

// IsRun reports whether the finding is about more than one leaf, those from
// TlogIndex to TlogLastIndex. An index of -1, for no leaf, begins no range.
func (f *Integrity) IsRun() bool {
	return f.HasTlogIndex && f.TlogIndex >= 0 && f.TlogLastIndex > f.TlogIndex
}

// EffectiveSeverity is the severity of the finding's record: its own, or else that of
// its kind.
func (f *Integrity) EffectiveSeverity() plog.SeverityNumber {
	if f.Severity != plog.SeverityNumberUnspecified {
		return f.Severity
	}
	return IntegritySeverity(f.Kind)
}

// IsEventRange reports whether the finding is about more than one row, those from
// EventID to LastEventID.
func (f *Integrity) IsEventRange() bool { return f.LastEventID > f.EventID }

// SetUID sets the UID: the first half of a SHA-256, in hex, over the registry id
// and all fields but Message, Observed and Severity, so that the same finding has the
// same uid. What is hashed is the compact JSON of an object with the registry id and the
// fields that are not empty, in the order and under the names of the first version
// of this package.
func (f *Integrity) SetUID() {
	m := pcommon.NewMap()
	m.PutStr(uidRegistryID, f.RegistryID)
	f.putAttributes(uidAttributes, m)
	sum := sha256.Sum256(encode.Object(nil, m))
	f.UID = hex.EncodeToString(sum[:sha256.Size/2])
}

func (f *Integrity) putAttributes(set *attributeSet, m pcommon.Map) {
	used := *f
	used.clearUnused()
	for i := range set.list {
		a := &set.list[i]
		used.slot(a.field).put(a, m)
	}
}

// ToLogRecord fills a new, empty record. A finding without a UID gets the one
// of [Integrity.SetUID] there. The registry id is not part of the record: see
// [SetResource].
func (f *Integrity) ToLogRecord(record plog.LogRecord) {
	record.SetTimestamp(toTimestamp(f.Observed))
	record.SetObservedTimestamp(toTimestamp(f.Observed))
	record.SetEventName(IntegrityEventName)
	severity := f.EffectiveSeverity()
	record.SetSeverityNumber(severity)
	record.SetSeverityText(strings.ToUpper(severity.String()))
	record.Body().SetStr(f.Message)
	m := record.Attributes()
	m.EnsureCapacity(len(integrityAttributes.list))
	identified := *f
	if identified.UID == "" {
		identified.SetUID()
	}
	identified.putAttributes(integrityAttributes, m)
}

// IsIntegrity reports whether a record holds a finding.
func IsIntegrity(record plog.LogRecord) bool {
	return record.EventName() == IntegrityEventName
}

// IntegrityFromLogRecord is the inverse of [Integrity.ToLogRecord] and
// [SetResource]. Changes that a pipeline made are read as in [FromLogRecord].
func IntegrityFromLogRecord(resource pcommon.Resource, record plog.LogRecord) (Integrity, ExtraAttributes) {
	var f Integrity
	extra := f.setLogRecord(resource, record)
	return f, extra
}

func (f *Integrity) setLogRecord(resource pcommon.Resource, record plog.LogRecord) ExtraAttributes {
	registryID, extra := readResource(resource, record, integrityAttributes)
	*f = Integrity{
		RegistryID: registryID,
		Message:    record.Body().AsString(),
		Observed:   fromTimestamp(record.ObservedTimestamp()),
		Severity:   record.SeverityNumber(),
	}
	if f.Observed.IsZero() {
		f.Observed = fromTimestamp(record.Timestamp())
	}
	next := 0
	for name, value := range record.Attributes().All() {
		var a *attribute
		if a, next = integrityAttributes.find(name, next); a != nil {
			f.slot(a.field).set(a.form, value)
		} else {
			extra.found(name)
		}
	}
	f.clearUnused()
	if f.Severity == IntegritySeverity(f.Kind) {
		f.Severity = plog.SeverityNumberUnspecified
	}
	return extra
}
