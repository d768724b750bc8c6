// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// attribute carries a field of an event. Both directions stand in one place, so
// that neither can be forgotten.
type attribute struct {
	name string
	put  func(*Event, pcommon.Map)   // leaves out what is empty
	take func(*Event, pcommon.Value) // accepts any type
}

var attributes = []attribute{
	{AttributeEventID, putID, func(e *Event, v pcommon.Value) { e.ID, _ = intOf(v) }},
	text(AttributeEventUID, func(e *Event) *string { return &e.UID }),
	text(AttributeBeaconKind, func(e *Event) *string { return &e.Kind }),
	text(AttributeTokenID, func(e *Event) *string { return &e.TokenID }),
	text(AttributeFileID, func(e *Event) *string { return &e.FileID }),
	text(AttributeRecipientID, func(e *Event) *string { return &e.RecipientID }),
	text(AttributeIssuerID, func(e *Event) *string { return &e.IssuerID }),
	text(AttributeQualifiedTimestamp, func(e *Event) *string { return &e.QualifiedTimestamp }),
	text(AttributeClientAddress, func(e *Event) *string { return &e.SourceIP }),
	text(AttributeUserAgent, func(e *Event) *string { return &e.UserAgent }),
	text(AttributeQuestionName, func(e *Event) *string { return &e.QuestionName }),
	text(AttributeDecodeError, func(e *Event) *string { return &e.DecodeError }),
	{AttributeTlogIndex, putTlogIndex, func(e *Event, v pcommon.Value) { e.TlogIndex, e.HasTlogIndex = intOf(v) }},
	text(AttributeTlogStatus, func(e *Event) *string { return &e.TlogStatus }),
	{AttributeTlogMismatch, putTlogMismatch, func(e *Event, v pcommon.Value) { e.TlogMismatch = joined(v) }},
	{AttributeExtra, putExtraMap, func(e *Event, v pcommon.Value) { e.Extra = extraText(v) }},
}

// takers finds the attribute of a name.
var takers = func() map[string]func(*Event, pcommon.Value) {
	m := make(map[string]func(*Event, pcommon.Value), len(attributes))
	for _, a := range attributes {
		m[a.name] = a.take
	}
	return m
}()

// text is the attribute of a field that is carried as it is.
func text(name string, field func(*Event) *string) attribute {
	return attribute{
		name: name,
		put: func(e *Event, m pcommon.Map) {
			if text := *field(e); text != "" {
				m.PutStr(name, text)
			}
		},
		take: func(e *Event, v pcommon.Value) { *field(e) = v.AsString() },
	}
}

func putID(e *Event, m pcommon.Map) {
	if e.ID != 0 {
		m.PutStr(AttributeEventID, strconv.FormatInt(e.ID, 10))
	}
}

func putTlogIndex(e *Event, m pcommon.Map) {
	if e.HasTlogIndex {
		m.PutInt(AttributeTlogIndex, e.TlogIndex)
	}
}

func putTlogMismatch(e *Event, m pcommon.Map) {
	if e.TlogMismatch != "" {
		putNames(e.TlogMismatch, m.PutEmptySlice(AttributeTlogMismatch))
	}
}

func putNames(joined string, s pcommon.Slice) {
	for name := range strings.SplitSeq(joined, ",") {
		s.AppendEmpty().SetStr(name)
	}
}

// joined is the inverse of putNames. Any other value is its text.
func joined(v pcommon.Value) string {
	if v.Type() != pcommon.ValueTypeSlice {
		return v.AsString()
	}
	names := make([]string, 0, v.Slice().Len())
	for _, name := range v.Slice().All() {
		names = append(names, name.AsString())
	}
	return strings.Join(names, ",")
}

func putExtraMap(e *Event, m pcommon.Map) {
	if e.Extra != "" {
		PutExtra(e.Extra, m.PutEmptyMap(AttributeExtra))
	}
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

	m := record.Attributes()
	m.EnsureCapacity(len(attributes))
	for i := range attributes {
		attributes[i].put(e, m)
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
func FromLogRecord(resource pcommon.Resource, record plog.LogRecord) (Event, Added) {
	var e Event
	added := e.SetLogRecord(resource, record)
	return e, added
}

// SetLogRecord is [FromLogRecord] into an event that is there already, which
// saves an allocation where there are many records. What the event held is gone.
func (e *Event) SetLogRecord(resource pcommon.Resource, record plog.LogRecord) Added {
	*e = Event{
		Timestamp: fromTimestamp(record.Timestamp()),
		Observed:  fromTimestamp(record.ObservedTimestamp()),
	}
	if id, ok := resource.Attributes().Get(AttributeRegistryID); ok {
		e.RegistryID = id.AsString()
	}
	added := Added{resource: resource.Attributes(), record: record.Attributes()}
	next := 0
	for name, value := range record.Attributes().All() {
		// They nearly always come in the order in which they were put.
		for next < len(attributes) && attributes[next].name != name {
			next++
		}
		if next < len(attributes) {
			attributes[next].take(e, value)
			next++
		} else if take, ok := takers[name]; ok {
			take(e, value)
		} else {
			added.any = true
		}
	}
	added.any = added.any || addsAny(resource.Attributes())
	return added
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
