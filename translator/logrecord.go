// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// derivedAttributes carry the fields of an event that are no columns.
var derivedAttributes = [...]attribute{
	{AttributeRecordUID, fieldUID, formText},
	{AttributeQuestionName, fieldQuestionName, formText},
	{AttributeTlogStatus, fieldTlogStatus, formText},
	{AttributeTlogMismatch, fieldTlogMismatch, formNames},
	{AttributeDecodeError, fieldDecodeError, formText},
	{AttributeTruncated, fieldTruncated, formNames},
	{AttributeReduced, fieldReduced, formNames},
}

// eventAttributes are the attributes of an event's record.
var eventAttributes = func() *attributeSet {
	var set attributeSet
	for i := range columns {
		set.add(columns[i].attribute)
	}
	for _, a := range derivedAttributes {
		set.add(a)
	}
	return set.index()
}()

// attributeCount is how many attributes the event has at most, unless a column is
// unreadable, differs from the log, or was cut or left out.
func (e *Event) attributeCount() int {
	count := len(columns) // the uid has one, and the time has none
	if e.QuestionName != "" {
		count++
	}
	if e.TlogStatus != "" {
		count++
	}
	return count
}

// SetResource describes the registry as a resource. Empty ids are left out.
// [SchemaURL] belongs on the plog.ResourceLogs.
func SetResource(resource pcommon.Resource, registryID string) {
	attributes := resource.Attributes()
	attributes.PutStr(AttributeServiceName, ServiceName)
	if registryID != "" {
		attributes.PutStr(AttributeServiceInstanceID, registryID)
		attributes.PutStr(AttributeRegistryID, registryID)
	}
}

// ToLogRecord fills a new, empty record. The registry id is not part of it:
// see [SetResource].
func (e *Event) ToLogRecord(record plog.LogRecord) {
	record.SetTimestamp(toTimestamp(e.Timestamp))
	record.SetObservedTimestamp(toTimestamp(e.Observed))
	record.SetEventName(EventName)
	record.SetSeverityNumber(plog.SeverityNumberInfo)
	record.SetSeverityText("INFO")
	record.Body().SetStr(Action(e.Kind))

	m := record.Attributes()
	m.EnsureCapacity(e.attributeCount())
	for i := range eventAttributes.list {
		a := &eventAttributes.list[i]
		e.slot(a.field).put(a, m)
	}
}

// IsEvent reports whether a record holds an event.
func IsEvent(record plog.LogRecord) bool {
	return record.EventName() == EventName
}

// FromLogRecord is the inverse of [Event.ToLogRecord] and [SetResource]. What
// a pipeline removed from the record is zero in the event, and a value of
// another type than ours is read as its text. What the pipeline added is in
// the second result, which refers to the resource and the record and is valid
// as long as these are not changed.
//
// [Document.SetLogRecord] reads events and findings, and reuses memory.
func FromLogRecord(resource pcommon.Resource, record plog.LogRecord) (Event, ExtraAttributes) {
	var e Event
	extra := e.setLogRecord(resource, record)
	return e, extra
}

func (e *Event) setLogRecord(resource pcommon.Resource, record plog.LogRecord) ExtraAttributes {
	registryID, extra := readResource(resource, record, eventAttributes)
	*e = Event{
		RegistryID: registryID,
		Timestamp:  fromTimestamp(record.Timestamp()),
		Observed:   fromTimestamp(record.ObservedTimestamp()),
	}
	next := 0
	for name, value := range record.Attributes().All() {
		var a *attribute
		if a, next = eventAttributes.find(name, next); a != nil {
			e.slot(a.field).set(a.form, value)
		} else {
			extra.found(name)
		}
	}
	return extra
}

// toTimestamp converts to nanoseconds since 1970, where 0 means unset.
func toTimestamp(t time.Time) pcommon.Timestamp {
	if t.IsZero() {
		return 0
	}
	return pcommon.NewTimestampFromTime(t)
}

func fromTimestamp(t pcommon.Timestamp) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return t.AsTime()
}
