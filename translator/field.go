// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/extra"
)

// field is a field of an [Event], an [Integrity] or a [Checkpoint] that an attribute or
// a column carries. Their methods slot say where it is. They are switches
// and no tables of functions, which would allocate every event on the heap.
type field int

const (
	fieldNone field = iota
	fieldID
	fieldUID
	fieldKind
	fieldTokenID
	fieldFileID
	fieldRecipientID
	fieldIssuerID
	fieldTimestamp
	fieldQualifiedTimestamp
	fieldSourceIP
	fieldUserAgent
	fieldQuestionName
	fieldExtra
	fieldDecodeError
	fieldTlogIndex
	fieldTlogStatus
	fieldTlogMismatch
	fieldTruncated
	fieldReduced
	// Of findings, and some of checkpoint records.
	fieldRowUID
	fieldLastID
	fieldCount
	fieldTlogLastIndex
	fieldTlogSize
	fieldTlogRoot
	fieldTlogExpectedRoot
	fieldSignature
	// Of checkpoint records only.
	fieldCollector
	fieldReceiver
	fieldReason
	fieldSince
	fieldDelivered
	fieldVerified
	fieldMismatch
	fieldMissing
	fieldDuplicate
	fieldUnavailable
	fieldUnresolved
	fieldUndelivered
	fieldHoldingSince
	fieldQuarantined
	fieldReducedEvents
	fieldFindings
	fieldHeadSize
	fieldHeadRoot
	fieldHeadText
)

// form is how an attribute carries a field.
type form int

const (
	formText    form = iota // a string, as it is
	formDecimal             // a number that is not 0, as a string
	formInt                 // a number, as an int
	formNames               // names with commas between them, as a slice of strings
	formObject              // the text of a JSON object, as a map
)

// slot points to a field: to its text or to its number. The other is nil, and both
// are where there is no such field.
type slot struct {
	text    *string
	number  *int64
	present *bool // whether the number counts; nil where 0 stands for none
}

// put adds the attribute of a field to m, unless the field is empty.
func (s slot) put(a *attribute, m pcommon.Map) {
	switch {
	case s.text != nil:
		if *s.text != "" {
			putText(a, *s.text, m)
		}
	case s.number == nil:
	case s.present != nil && !*s.present, s.present == nil && *s.number == 0:
	case a.form == formDecimal:
		m.PutStr(a.name, strconv.FormatInt(*s.number, 10))
	default:
		m.PutInt(a.name, *s.number)
	}
}

func putText(a *attribute, text string, m pcommon.Map) {
	switch a.form {
	case formNames:
		names := m.PutEmptySlice(a.name)
		for name := range strings.SplitSeq(text, ",") {
			names.AppendEmpty().SetStr(name)
		}
	case formObject:
		extra.Put(text, m.PutEmptyMap(a.name))
	default:
		m.PutStr(a.name, text)
	}
}

// set is the inverse of put, for a value of any type.
func (s slot) set(form form, v pcommon.Value) {
	if form == formText {
		*s.text = v.AsString()
		return
	}
	s.setOther(form, v)
}

func (s slot) setOther(form form, v pcommon.Value) {
	switch {
	case s.text != nil:
		*s.text = textOf(form, v)
	case s.number != nil:
		number, ok := intOf(v)
		*s.number = number
		if s.present != nil {
			*s.present = ok
		}
	}
}

func textOf(form form, v pcommon.Value) string {
	switch {
	case form == formNames && v.Type() == pcommon.ValueTypeSlice:
		names := make([]string, 0, v.Slice().Len())
		for _, name := range v.Slice().All() {
			names = append(names, name.AsString())
		}
		return strings.Join(names, ",")
	case form == formObject:
		return extra.Text(v)
	default:
		return v.AsString()
	}
}

// intOf accepts digits too, since transformations prefer strings. Anything else
// is 0.
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
