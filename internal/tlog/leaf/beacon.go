// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Beacon is the content of a beacon callback's leaf. A key that is absent or null
// reads as "".
type Beacon struct {
	Kind         string
	TokenID      string
	FileID       string
	RecipientID  string
	SourceIP     string
	UserAgent    string
	QuestionName string // qname
	QuestionType string // qtype
	Timestamp    string

	has       beaconFields // keys that are there
	nonString beaconFields // keys whose value agrees with no column
	nonText   beaconFields // keys whose value is a number or a boolean
}

// beaconFields is a set of fields.
type beaconFields uint16

func (s beaconFields) contains(f beaconField) bool { return s&(1<<f) != 0 }
func (s *beaconFields) add(f beaconField)          { *s |= 1 << f }

// beaconField is a field of a Beacon, in the order in which mismatches are named.
type beaconField uint8

const (
	fieldKind beaconField = iota
	fieldTokenID
	fieldFileID
	fieldRecipientID
	fieldSourceIP
	fieldUserAgent
	fieldQuestionName
	fieldQuestionType
	fieldTimestamp
	fieldRecorded // the row's timestamp, which leaves do not have
	fieldCount
)

// fieldNames are the names in mismatches: the columns of the row.
var fieldNames = [fieldCount]string{
	"kind", "token_id", "file_id", "recipient_id", "source_ip", "user_agent", "extra.qname", "extra.qtype", "qualified_timestamp", "timestamp",
}

// fieldOf returns the field of a key; ok is false for any other key.
func fieldOf(key string) (f beaconField, ok bool) {
	switch key { // a map takes ten times as long
	case "kind":
		return fieldKind, true
	case "token_id":
		return fieldTokenID, true
	case "file_id":
		return fieldFileID, true
	case "recipient_id":
		return fieldRecipientID, true
	case "source_ip":
		return fieldSourceIP, true
	case "user_agent":
		return fieldUserAgent, true
	case "qname":
		return fieldQuestionName, true
	case "qtype":
		return fieldQuestionType, true
	case "timestamp":
		return fieldTimestamp, true
	}
	return 0, false
}

// value returns where a field's text is kept.
func (b *Beacon) value(f beaconField) *string {
	switch f {
	case fieldKind:
		return &b.Kind
	case fieldTokenID:
		return &b.TokenID
	case fieldFileID:
		return &b.FileID
	case fieldRecipientID:
		return &b.RecipientID
	case fieldSourceIP:
		return &b.SourceIP
	case fieldUserAgent:
		return &b.UserAgent
	case fieldQuestionName:
		return &b.QuestionName
	case fieldQuestionType:
		return &b.QuestionType
	default:
		return &b.Timestamp
	}
}

// Mismatch names the fields in which the leaf and the row differ, in the order
// kind, token_id, file_id, recipient_id, source_ip, user_agent, extra.qname,
// extra.qtype, qualified_timestamp, timestamp, with commas between them; "" says that
// they agree.
//
// Leaves have user_agent, qname and qtype only for some kinds of beacons, and these
// are compared only where the leaf has them. Of the other keys, one that is absent
// is the same as one that is null: both agree with an empty or absent column. A
// value that is not a string agrees with no row, except for ids: see [StoredID].
// timestamp, in whole seconds, differs from the leaf's time if it is more than 60 s away.
//
// A column that holds another type than text agrees with no leaf, see
// [translator.Event.MarkInvalid]: neither a BLOB with null or the same text, nor a number
// with its digits, unless that number is an id that is one in the leaf, too. The same
// goes for an extra that is not a JSON object, and for a qname or qtype in it that is
// no text.
//
// Of a value that is too long to be read whole, see [translator.Event.Long], size and
// hash are compared. Of an extra as long as that, what qname and qtype are is not known:
// it differs if it is too long for those that the leaf has.
func (b *Beacon) Mismatch(e *translator.Event) string {
	differ := b.nonString
	b.compare(&differ, fieldKind, e.Kind)
	b.compare(&differ, fieldTokenID, e.TokenID)
	b.compare(&differ, fieldFileID, e.FileID)
	b.compare(&differ, fieldRecipientID, e.RecipientID)
	b.compare(&differ, fieldSourceIP, e.SourceIP)
	if b.has.contains(fieldUserAgent) {
		b.compare(&differ, fieldUserAgent, e.UserAgent)
	}
	b.compareQuestion(&differ, e)
	b.compare(&differ, fieldTimestamp, e.QualifiedTimestamp)
	if !timesAgree(b.Timestamp, e) {
		differ.add(fieldRecorded)
	}
	if e.HasInvalid() {
		b.addInvalid(&differ, e)
	}
	if e.Long != nil {
		b.compareLong(&differ, e.Long)
	}
	if differ == 0 {
		return ""
	}
	return differ.names()
}

func (b *Beacon) compare(differ *beaconFields, f beaconField, column string) {
	if *b.value(f) != column {
		differ.add(f)
	}
}

// compareQuestion compares what was asked for in a DNS query.
func (b *Beacon) compareQuestion(differ *beaconFields, e *translator.Event) {
	hasName, hasType := b.has.contains(fieldQuestionName), b.has.contains(fieldQuestionType)
	if !hasName && !hasType {
		return
	}
	nonText := nonTextIn(e.Extra)
	if hasName && (b.QuestionName != e.QuestionName || nonText.contains(fieldQuestionName)) {
		differ.add(fieldQuestionName)
	}
	if hasType && (b.QuestionType != e.QuestionType() || nonText.contains(fieldQuestionType)) {
		differ.add(fieldQuestionType)
	}
}

// addInvalid adds the fields whose columns hold another type.
func (b *Beacon) addInvalid(differ *beaconFields, e *translator.Event) {
	for f := range fieldRecorded {
		column, _, inExtra := strings.Cut(fieldNames[f], ".")
		compared := b.has.contains(f) || !inExtra && f != fieldUserAgent
		if compared && e.IsInvalid(column) && !b.nonText.contains(f) {
			differ.add(f)
		}
	}
}

// compareLong compares the values of which the event has beginnings only.
func (b *Beacon) compareLong(differ *beaconFields, long *translator.LongValues) {
	for i := range long.Columns {
		value := &long.Columns[i]
		if value.Column == "extra" {
			b.compareLongExtra(differ, value.Bytes)
			continue
		}
		f := beaconField(slices.Index(fieldNames[:], value.Column)) //nolint:gosec // -1 is far beyond fieldCount
		if f >= fieldRecorded || f == fieldUserAgent && !b.has.contains(f) {
			continue
		}
		text := *b.value(f)
		differs := int64(len(text)) != value.Bytes || sha256.Sum256([]byte(text)) != value.SHA256
		differ.set(f, differs || b.nonString.contains(f))
	}
}

const (
	// maxEscapedBytes is how long a byte of a text may be in JSON, as \u0001.
	maxEscapedBytes = 6
	// maxOtherExtra is how much an extra may have beside qname and qtype, in bytes: what
	// a later registry may add.
	maxOtherExtra = 64 << 10
)

// compareLongExtra compares an extra that was not read with the names that the leaf has.
func (b *Beacon) compareLongExtra(differ *beaconFields, size int64) {
	tooLong := size > int64(maxEscapedBytes*(len(b.QuestionName)+len(b.QuestionType))+maxOtherExtra)
	for _, f := range []beaconField{fieldQuestionName, fieldQuestionType} {
		differ.set(f, b.has.contains(f) && (tooLong || b.nonString.contains(f)))
	}
}

func (s *beaconFields) set(f beaconField, contains bool) {
	*s &^= 1 << f
	if contains {
		s.add(f)
	}
}

func (s beaconFields) names() string {
	var names []string
	for f := range fieldCount {
		if s.contains(f) {
			names = append(names, fieldNames[f])
		}
	}
	return strings.Join(names, ",")
}
