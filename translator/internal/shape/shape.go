// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package shape lets the fields of a document stand in the code once, and
// serve two forms of it: JSON text, written straight from an event, and the
// values that the collector's exporters send.
package shape

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Schema is the version of the fields that all shapes carry.
const Schema = "oversight-siem-1"

// Writer takes a document, field by field in the order in which they are to
// stand. What is empty is left out: a text, an object without fields. Names are
// printable ASCII without quotes and backslashes, except those of Attribute.
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
	// Names writes a list of the strings that stand in one with commas between
	// them. An empty one is left out.
	Names(name, joined string)
	// Bytes writes a string, as Text does. The bytes are not kept.
	Bytes(name string, value []byte)
	// Scratch is empty space for making up a string for Bytes.
	Scratch() []byte
	// Fixed writes fields that are the same in every document.
	Fixed(fields *Fixed)
	// Begin opens an object, which takes all fields until End.
	Begin(name string)
	// End closes the object that was opened last.
	End()
	// Extra writes the object whose text is an event's Extra.
	Extra(name, object string)
	// ExtraText writes the text of that object, in ASCII, as a string.
	ExtraText(name, object string)
	// Attribute writes a value under a name that may hold anything.
	Attribute(name string, value pcommon.Value)
	// AttributeText writes a value's text under a name that may hold anything.
	AttributeText(name string, value pcommon.Value)
}
