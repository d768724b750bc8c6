// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// textAttributes are the fields that are carried as they are. They serve both
// directions, so that none can be forgotten in one.
var textAttributes = []struct {
	name  string
	field func(*Event) *string
}{
	{AttributeEventUID, func(e *Event) *string { return &e.UID }},
	{AttributeBeaconKind, func(e *Event) *string { return &e.Kind }},
	{AttributeTokenID, func(e *Event) *string { return &e.TokenID }},
	{AttributeFileID, func(e *Event) *string { return &e.FileID }},
	{AttributeRecipientID, func(e *Event) *string { return &e.RecipientID }},
	{AttributeIssuerID, func(e *Event) *string { return &e.IssuerID }},
	{AttributeQualifiedTimestamp, func(e *Event) *string { return &e.QualifiedTimestamp }},
	{AttributeClientAddress, func(e *Event) *string { return &e.SourceIP }},
	{AttributeUserAgent, func(e *Event) *string { return &e.UserAgent }},
	{AttributeQuestionName, func(e *Event) *string { return &e.QuestionName }},
	{AttributeDecodeError, func(e *Event) *string { return &e.DecodeError }},
}

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

	attributes := record.Attributes()
	attributes.EnsureCapacity(len(textAttributes) + 3)
	if e.ID != 0 {
		attributes.PutStr(AttributeEventID, strconv.FormatInt(e.ID, 10))
	}
	for _, a := range textAttributes {
		if text := *a.field(e); text != "" {
			attributes.PutStr(a.name, text)
		}
	}
	if e.HasTlogIndex {
		attributes.PutInt(AttributeTlogIndex, e.TlogIndex)
	}
	if e.Extra != "" {
		putExtra(e.Extra, attributes.PutEmptyMap(AttributeExtra))
	}
}

// IsEvent reports whether a record holds an event.
func IsEvent(record plog.LogRecord) bool {
	return record.EventName() == EventName
}

// FromLogRecord is the inverse of [Event.ToLogRecord] and [SetResource]. What
// a pipeline removed from the record is zero in the event, what it added is
// passed over, and a value of another type than ours is taken as its text.
func FromLogRecord(resource pcommon.Resource, record plog.LogRecord) Event {
	e := Event{
		Timestamp: fromTimestamp(record.Timestamp()),
		Observed:  fromTimestamp(record.ObservedTimestamp()),
	}
	if id, ok := resource.Attributes().Get(AttributeRegistryID); ok {
		e.RegistryID = id.AsString()
	}
	attributes := record.Attributes()
	for _, a := range textAttributes {
		if v, ok := attributes.Get(a.name); ok {
			*a.field(&e) = v.AsString()
		}
	}
	if v, ok := attributes.Get(AttributeEventID); ok {
		e.ID, _ = intOf(v)
	}
	if v, ok := attributes.Get(AttributeTlogIndex); ok {
		e.TlogIndex, e.HasTlogIndex = intOf(v)
	}
	if v, ok := attributes.Get(AttributeExtra); ok {
		e.Extra = extraText(v)
	}
	return e
}

// intOf accepts digits too: string is the type that transformations prefer.
func intOf(v pcommon.Value) (int64, bool) {
	if v.Type() == pcommon.ValueTypeInt {
		return v.Int(), true
	}
	n, err := strconv.ParseInt(v.AsString(), 10, 64)
	return n, err == nil
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
