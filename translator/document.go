// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Document is what becomes one document in a SIEM: an event, a finding or a checkpoint
// record, with what a pipeline added. Exactly one of Event, Integrity and Checkpoint is
// set.
//
// It is not safe for concurrent use: one goroutine reads many records into the
// same Document, one after the other.
type Document struct {
	// Event is the event, or nil.
	Event *Event
	// Integrity is the finding, or nil.
	Integrity *Integrity
	// Checkpoint is the checkpoint record, or nil.
	Checkpoint *Checkpoint
	// Extra is what the pipeline added to the record.
	Extra ExtraAttributes

	// What SetLogRecord reads into, each from the first record of its kind on.
	event      *Event
	integrity  *Integrity
	checkpoint *Checkpoint
}

// HasDocument reports whether a record holds an event, a finding or a checkpoint record.
func HasDocument(record plog.LogRecord) bool {
	return IsEvent(record) || IsIntegrity(record) || IsCheckpoint(record)
}

// SetLogRecord reads the finding, the checkpoint record or else the event that a record
// holds, as [IntegrityFromLogRecord], [CheckpointFromLogRecord] and [FromLogRecord] do. The document refers to the
// resource and the record, and is valid as long as these are not changed and
// SetLogRecord is not called again.
func (d *Document) SetLogRecord(resource pcommon.Resource, record plog.LogRecord) {
	d.Event, d.Integrity, d.Checkpoint = nil, nil, nil
	switch record.EventName() {
	case IntegrityEventName:
		if d.integrity == nil {
			d.integrity = new(Integrity)
		}
		d.Integrity, d.Extra = d.integrity, d.integrity.setLogRecord(resource, record)
	case CheckpointEventName:
		if d.checkpoint == nil {
			d.checkpoint = new(Checkpoint)
		}
		d.Checkpoint, d.Extra = d.checkpoint, d.checkpoint.setLogRecord(resource, record)
	default:
		if d.event == nil {
			d.event = new(Event)
		}
		d.Event, d.Extra = d.event, d.event.setLogRecord(resource, record)
	}
}

// UID identifies the event, the finding or the checkpoint record, see
// [AttributeRecordUID].
func (d *Document) UID() string {
	switch {
	case d.Integrity != nil:
		return d.Integrity.UID
	case d.Checkpoint != nil:
		return d.Checkpoint.UID
	default:
		return d.Event.UID
	}
}

// RegistryID names the registry that it is from.
func (d *Document) RegistryID() string {
	switch {
	case d.Integrity != nil:
		return d.Integrity.RegistryID
	case d.Checkpoint != nil:
		return d.Checkpoint.RegistryID
	default:
		return d.Event.RegistryID
	}
}

// Message is one sentence for a person, see [Event.AppendMessage].
func (d *Document) Message() string {
	switch {
	case d.Integrity != nil:
		return d.Integrity.Message
	case d.Checkpoint != nil:
		return d.Checkpoint.Message
	default:
		return string(d.Event.AppendMessage(nil))
	}
}
