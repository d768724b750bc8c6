// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// attributes are the fields that have one, in the order in which they are put.
var attributes = [...]struct {
	name  string
	field field
}{
	{AttributeEventID, fieldID},
	{AttributeEventUID, fieldUID},
	{AttributeBeaconKind, fieldKind},
	{AttributeTokenID, fieldTokenID},
	{AttributeFileID, fieldFileID},
	{AttributeRecipientID, fieldRecipientID},
	{AttributeIssuerID, fieldIssuerID},
	{AttributeQualifiedTimestamp, fieldQualifiedTimestamp},
	{AttributeClientAddress, fieldSourceIP},
	{AttributeUserAgent, fieldUserAgent},
	{AttributeQuestionName, fieldQuestionName},
	{AttributeDecodeError, fieldDecodeError},
	{AttributeTlogIndex, fieldTlogIndex},
	{AttributeTlogStatus, fieldTlogStatus},
	{AttributeTlogMismatch, fieldTlogMismatch},
	{AttributeExtra, fieldExtra},
}

// usualAttributes is how many of them an event has at most, unless something is
// wrong with it.
const usualAttributes = len(attributes) - 2

// fields finds the field of an attribute.
var fields = func() map[string]field {
	m := make(map[string]field, len(attributes))
	for _, a := range attributes {
		m[a.name] = a.field
	}
	return m
}()

// SetResource describes the registry as a resource. Empty ids are left out.
func SetResource(resource pcommon.Resource, registryID string) {
	attributes := resource.Attributes()
	attributes.PutStr(AttributeServiceName, ServiceName)
	if registryID != "" {
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
	m.EnsureCapacity(usualAttributes)
	for i := range attributes {
		e.put(attributes[i].field, attributes[i].name, m)
	}
}

// IsEvent reports whether a record holds an event.
func IsEvent(record plog.LogRecord) bool {
	return record.EventName() == EventName
}

// FromLogRecord is the inverse of [Event.ToLogRecord] and [SetResource]. What
// a pipeline removed from the record is zero in the event, and a value of
// another type than ours is taken as its text. What the pipeline added is in
// the second result, which refers to the resource and the record and is valid
// as long as these are not changed.
func FromLogRecord(resource pcommon.Resource, record plog.LogRecord) (Event, ExtraAttributes) {
	var e Event
	added := e.SetLogRecord(resource, record)
	return e, added
}

// SetLogRecord is [FromLogRecord] into an event that is there already, which
// saves a copy where there are many records. What the event held is gone.
func (e *Event) SetLogRecord(resource pcommon.Resource, record plog.LogRecord) ExtraAttributes {
	*e = Event{
		Timestamp: fromTimestamp(record.Timestamp()),
		Observed:  fromTimestamp(record.ObservedTimestamp()),
	}
	if id, ok := resource.Attributes().Get(AttributeRegistryID); ok {
		e.RegistryID = id.AsString()
	}
	added := ExtraAttributes{resource: resource.Attributes(), record: record.Attributes()}
	next := 0
	for name, value := range record.Attributes().All() {
		// They nearly always come in the order in which they were put.
		for next < len(attributes) && attributes[next].name != name {
			next++
		}
		if next < len(attributes) {
			e.take(attributes[next].field, value)
			next++
		} else if field, ok := fields[name]; ok {
			e.take(field, value)
		} else {
			added.any = true
		}
	}
	added.any = added.any || addsAny(resource.Attributes())
	return added
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
