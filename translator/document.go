// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Document is what becomes one document in a SIEM: an event or a finding, with
// what a pipeline added. Exactly one of Event and Integrity is set.
//
// It is not safe for concurrent use: one goroutine reads many records into the
// same Document, one after the other.
type Document struct {
	// Event is the event, or nil.
	Event *Event
	// Integrity is the finding, or nil.
	Integrity *Integrity
	// Extra is what the pipeline added to the record.
	Extra ExtraAttributes

	// What SetLogRecord reads into, each from the first record of its kind on.
	event     *Event
	integrity *Integrity
}

// HasDocument reports whether a record holds an event or a finding.
func HasDocument(record plog.LogRecord) bool { return IsEvent(record) || IsIntegrity(record) }

// SetLogRecord reads the finding or else the event that a record holds, as
// [IntegrityFromLogRecord] and [FromLogRecord] do. The document refers to the
// resource and the record, and is valid as long as these are not changed and
// SetLogRecord is not called again.
func (d *Document) SetLogRecord(resource pcommon.Resource, record plog.LogRecord) {
	if IsIntegrity(record) {
		if d.integrity == nil {
			d.integrity = new(Integrity)
		}
		d.Extra = d.integrity.setLogRecord(resource, record)
		d.Event, d.Integrity = nil, d.integrity
		return
	}
	if d.event == nil {
		d.event = new(Event)
	}
	d.Extra = d.event.setLogRecord(resource, record)
	d.Event, d.Integrity = d.event, nil
}

// UID identifies the event or the finding, see [AttributeRecordUID].
func (d *Document) UID() string {
	if d.Integrity != nil {
		return d.Integrity.UID
	}
	return d.Event.UID
}

// RegistryID names the registry that the event or the finding is from.
func (d *Document) RegistryID() string {
	if d.Integrity != nil {
		return d.Integrity.RegistryID
	}
	return d.Event.RegistryID
}

// Message is one sentence for a person, see [Event.AppendMessage].
func (d *Document) Message() string {
	if d.Integrity != nil {
		return d.Integrity.Message
	}
	return string(d.Event.AppendMessage(nil))
}
