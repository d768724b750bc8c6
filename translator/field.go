// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// field is a field of an event that an attribute carries. Both directions stand
// in this file. They are switches and no tables of functions, through which
// every event would have to be on the heap.
type field int

const (
	fieldID field = iota
	fieldUID
	fieldKind
	fieldTokenID
	fieldFileID
	fieldRecipientID
	fieldIssuerID
	fieldQualifiedTimestamp
	fieldSourceIP
	fieldUserAgent
	fieldQuestionName
	fieldDecodeError
	fieldTlogIndex
	fieldTlogStatus
	fieldTlogMismatch
	fieldExtra
)

// text is a field that is carried as it is, or nil.
func (e *Event) text(f field) *string {
	switch f {
	case fieldUID:
		return &e.UID
	case fieldKind:
		return &e.Kind
	case fieldTokenID:
		return &e.TokenID
	case fieldFileID:
		return &e.FileID
	case fieldRecipientID:
		return &e.RecipientID
	case fieldIssuerID:
		return &e.IssuerID
	case fieldQualifiedTimestamp:
		return &e.QualifiedTimestamp
	case fieldSourceIP:
		return &e.SourceIP
	case fieldUserAgent:
		return &e.UserAgent
	case fieldQuestionName:
		return &e.QuestionName
	case fieldDecodeError:
		return &e.DecodeError
	case fieldTlogStatus:
		return &e.TlogStatus
	default:
		return nil
	}
}

// put adds the attribute of a field to m, unless the field is empty.
func (e *Event) put(f field, name string, m pcommon.Map) {
	if text := e.text(f); text != nil {
		if *text != "" {
			m.PutStr(name, *text)
		}
		return
	}
	switch {
	case f == fieldID && e.ID != 0:
		m.PutStr(name, strconv.FormatInt(e.ID, 10))
	case f == fieldTlogIndex && e.HasTlogIndex:
		m.PutInt(name, e.TlogIndex)
	case f == fieldTlogMismatch && e.TlogMismatch != "":
		putNames(e.TlogMismatch, m.PutEmptySlice(name))
	case f == fieldExtra && e.Extra != "":
		PutExtra(e.Extra, m.PutEmptyMap(name))
	}
}

// take sets a field from its attribute, of any type.
func (e *Event) take(f field, v pcommon.Value) {
	if text := e.text(f); text != nil {
		*text = v.AsString()
		return
	}
	switch f {
	case fieldID:
		e.ID, _ = intOf(v)
	case fieldTlogIndex:
		e.TlogIndex, e.HasTlogIndex = intOf(v)
	case fieldTlogMismatch:
		e.TlogMismatch = joined(v)
	case fieldExtra:
		e.Extra = extraText(v)
	}
}

// intOf accepts digits too: string is the type that transformations prefer.
func intOf(v pcommon.Value) (int64, bool) {
	if v.Type() == pcommon.ValueTypeInt {
		return v.Int(), true
	}
	n, err := strconv.ParseInt(v.AsString(), 10, 64)
	if err != nil {
		return 0, false
	}
	return n, true
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
