// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/extra"
)

const (
	// shortBytes is the total length of values up to which an event is below
	// [MaxEventBytes] whatever they hold: no form writes a byte as more than
	// 4 times 6 bytes, or 48 for what OTLP JSON writes around a value.
	shortBytes = 4 << 10
	// leastValueBytes is how much of each value is left at least. All of them take
	// less than [MaxEventBytes].
	leastValueBytes = 64
)

// Truncate cuts values that are longer than maxValueBytes, and those that are longest
// where the event would still be above [MaxEventBytes], and adds their columns to
// Truncated. It cuts between characters. Extra remains an object: its long strings
// and keys are cut, and members that do not fit are left out.
func (e *Event) Truncate(maxValueBytes int) {
	if e.Fits(maxValueBytes) {
		return
	}
	limit := max(maxValueBytes, leastValueBytes)
	e.cutTo(limit)
	for e.EncodedSize(limit) >= MaxEventBytes && limit > leastValueBytes {
		limit = max(limit/2, leastValueBytes)
		e.cutTo(limit)
	}
}

// Fits reports, without a look at what the values hold, that [Event.Truncate] would
// change nothing: the event is short. It may be false for others that it leaves as they
// are.
func (e *Event) Fits(maxValueBytes int) bool { return e.totalBytes() <= min(shortBytes, maxValueBytes) }

// totalBytes is the length of all values that may be long.
func (e *Event) totalBytes() int {
	return len(e.Kind) + len(e.TokenID) + len(e.FileID) + len(e.RecipientID) + len(e.IssuerID) + len(e.SourceIP) +
		len(e.UserAgent) + len(e.QualifiedTimestamp) + len(e.DecodeError) + len(e.Extra)
}

// cutTo cuts each value to a number of bytes.
func (e *Event) cutTo(limit int) {
	before := e.Truncated
	for i := range columns {
		column := &columns[i]
		value := e.slot(column.attribute.field).text
		if value == nil || len(*value) <= limit {
			continue
		}
		if column.attribute.form == formObject {
			e.Extra, e.QuestionName = extra.Truncate(e.Extra, limit)
		} else {
			*value = cutText(*value, limit)
		}
		e.Truncated = addName(e.Truncated, column.Name)
	}
	e.QuestionName = cutText(e.QuestionName, limit)
	e.DecodeError = cutText(e.DecodeError, limit) // it is no column, and for a person
	if e.Truncated != before {
		e.detach()
	}
}

// detach copies the texts, which may be parts of one with those that were cut, so that
// the event does not keep all of a long row in memory.
func (e *Event) detach() {
	for i := range columns {
		if value := e.slot(columns[i].attribute.field).text; value != nil {
			*value = strings.Clone(*value)
		}
	}
	e.UID, e.QuestionName = strings.Clone(e.UID), strings.Clone(e.QuestionName)
}

// cutText returns a copy of at most limit bytes of a text that is longer, so that the
// rest can be freed. It does not cut inside of a character.
func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return strings.Clone(text[:limit])
}

// addName adds a name to names with commas between them, unless it is among them.
func addName(names, name string) string {
	switch {
	case names == "":
		return name
	case slices.Contains(strings.Split(names, ","), name):
		return names
	default:
		return names + "," + name
	}
}
