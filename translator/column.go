// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"slices"
	"time"
)

// ColumnType is what a column of the events table holds.
type ColumnType int

// Types of columns.
const (
	// ColumnText is text.
	ColumnText ColumnType = iota
	// ColumnInteger is an integer.
	ColumnInteger
	// ColumnTime is an integer, seconds since 1970; 0 for none.
	ColumnTime
)

// inUID marks the columns that enter the uid of an event. That list is frozen: a
// destination recognizes a repeat by the uid, so a column that is added later must
// not change the uids of the events that are there.
const inUID = true

// columns describes each column of a registry's events table once: its name and
// type, whether it enters the uid, and the attribute and field that carry it. Those
// of the uid come first, in the order in which they are hashed.
var columns = [...]Column{
	{"id", ColumnInteger, inUID, attribute{AttributeEventID, fieldID, formDecimal}},
	{"token_id", ColumnText, inUID, attribute{AttributeTokenID, fieldTokenID, formText}},
	{"file_id", ColumnText, inUID, attribute{AttributeFileID, fieldFileID, formText}},
	{"recipient_id", ColumnText, inUID, attribute{AttributeRecipientID, fieldRecipientID, formText}},
	{"issuer_id", ColumnText, inUID, attribute{AttributeIssuerID, fieldIssuerID, formText}},
	{"kind", ColumnText, inUID, attribute{AttributeBeaconKind, fieldKind, formText}},
	{"source_ip", ColumnText, inUID, attribute{AttributeClientAddress, fieldSourceIP, formText}},
	{"user_agent", ColumnText, inUID, attribute{AttributeUserAgent, fieldUserAgent, formText}},
	{"extra", ColumnText, inUID, attribute{AttributeExtra, fieldExtra, formObject}},
	{"timestamp", ColumnTime, inUID, attribute{"", fieldTimestamp, formInt}}, // the record's Timestamp
	{"qualified_timestamp", ColumnText, inUID, attribute{AttributeQualifiedTimestamp, fieldQualifiedTimestamp, formText}},
	{"tlog_index", ColumnInteger, inUID, attribute{AttributeTlogIndex, fieldTlogIndex, formInt}},
}

// Column describes a column of a registry's events table.
type Column struct {
	// Name is its name in the table.
	Name string
	// Type is what it should hold.
	Type ColumnType
	// InUID says that its value enters the uid of the event.
	InUID bool

	attribute attribute // that carries it
}

// Columns returns the columns that an event is read from, a new slice. The columns
// that enter the uid come first, in the order in which they are hashed.
func Columns() []Column { return slices.Clone(columns[:]) }

// SetText sets the field of an event that a [ColumnText] fills. The text is valid
// UTF-8. It does nothing for a column of another type.
func (c *Column) SetText(e *Event, text string) {
	if c.attribute.form == formObject {
		e.Extra, e.QuestionName = NormalizeExtra(text)
		return
	}
	if s := e.slot(c.attribute.field); s.text != nil {
		*s.text = text
	}
}

// SetInt sets the field of an event that a [ColumnInteger] fills. It does nothing
// for a column of another type.
func (c *Column) SetInt(e *Event, number int64) {
	s := e.slot(c.attribute.field)
	if s.number != nil {
		*s.number = number
	}
	if s.present != nil {
		*s.present = true
	}
}

// SetTime sets the field of an event that a [ColumnTime] fills, with seconds from
// [MinTimestamp] to [MaxTimestamp]. It does nothing for a column of another type.
func (c *Column) SetTime(e *Event, seconds int64) {
	if c.attribute.field == fieldTimestamp {
		e.Timestamp = time.Unix(seconds, 0).UTC()
	}
}
