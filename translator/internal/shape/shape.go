// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package shape writes the fields of a document, which are in the code once, in two
// forms: JSON text, and the values of a log record.
package shape

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Schema is the version of the fields, in every shape.
const Schema = "oversight-siem-1"

// Writer writes a document, field by field, in the order of the calls. Empty texts
// and objects without fields are left out. Names are printable ASCII without quotes
// and backslashes, except those of Attribute and AttributeText.
type Writer interface {
	// Text writes a string. Invalid UTF-8 is replaced.
	Text(name, value string)
	// Int writes an integer.
	Int(name string, value int64)
	// ID writes an integer from 1 as a string. 0 is left out.
	ID(name string, value int64)
	// Time writes a time as RFC 3339, in UTC, with a fraction where it has one.
	// The zero time is left out.
	Time(name string, value time.Time)
	// Texts writes a list of strings.
	Texts(name string, values []string)
	// List writes a list of one string. An empty one is left out.
	List(name, value string)
	// Names writes a list of the strings that are joined with commas. An empty one
	// is left out.
	Names(name, joined string)
	// Bytes writes a string, as Text does. The bytes are not kept.
	Bytes(name string, value []byte)
	// ListBytes writes a list of one string, as List does. The bytes are not kept.
	ListBytes(name string, value []byte)
	// Scratch is an empty buffer for a string for Bytes or ListBytes.
	Scratch() []byte
	// Fixed writes fields that are the same in every document.
	Fixed(fields *Fixed)
	// Begin opens an object, to which all fields belong until End.
	Begin(name string)
	// End closes the innermost open object.
	End()
	// Extra writes the object whose text is an event's Extra.
	Extra(name, object string)
	// ExtraText writes the text of that object, in ASCII, as a string.
	ExtraText(name, object string)
	// Attribute writes a value. The name may have any characters.
	Attribute(name string, value pcommon.Value)
	// AttributeText writes a value's text. The name may have any characters.
	AttributeText(name string, value pcommon.Value)
}
