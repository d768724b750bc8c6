// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// MinTimestamp and MaxTimestamp bound the seconds since 1970 that a log record
// can hold: its nanoseconds are an int64 wherever Go reads them, and 0 means
// that there is no time.
const (
	MinTimestamp = 1
	MaxTimestamp = math.MaxInt64 / int64(time.Second)
)

// Event is one beacon callback: a row of a registry's events table. Text is
// valid UTF-8. The zero value of a field stands for a column that is NULL,
// empty or unreadable. Events are compared with ==.
type Event struct {
	// RegistryID names the registry that the row is from.
	RegistryID string
	// ID is the row's id, from 1. It is unique within one life of a database.
	ID int64
	// UID identifies the event across restored backups: 32 hex digits.
	UID string
	// Kind is the kind of beacon, see [Action].
	Kind string
	// TokenID, FileID, RecipientID and IssuerID say what was marked for whom.
	TokenID, FileID, RecipientID, IssuerID string
	// SourceIP is who called back; what the registry took for an IP address.
	SourceIP string
	// UserAgent is the calling program by its own account.
	UserAgent string
	// QuestionName is extra.qname, the name a dns beacon was asked for.
	QuestionName string
	// Extra is the compact text of a JSON object that is not empty, in the
	// form of [NormalizeExtra]; or "".
	Extra string
	// Timestamp is when the registry was called, by its clock, in UTC. Records
	// hold times from [MinTimestamp] to [MaxTimestamp]; the zero time
	// stands for any other.
	Timestamp time.Time
	// QualifiedTimestamp is RFC 3339, as the registry wrote it.
	QualifiedTimestamp string
	// TlogIndex is the index of the event's leaf in the transparency log; -1
	// says that there is none. It counts only if HasTlogIndex is set.
	TlogIndex    int64
	HasTlogIndex bool
	// TlogStatus is how the event stands to that leaf, see
	// [AttributeTlogStatus]; "" where nothing was checked.
	TlogStatus string
	// TlogMismatch is the names of the fields in which they differ, with
	// commas between them.
	TlogMismatch string
	// DecodeError says what could not be read, for a person.
	DecodeError string
	// Observed is when the row was read.
	Observed time.Time
}

// Action names what happened when a beacon of a kind called back, as the
// registry's own exporter does: beacon-dns-callback, beacon-http-pixel,
// beacon-ocsp-callback, beacon-license-check, or else beacon-<kind>.
func Action(kind string) string {
	switch kind { // a map takes ten times as long
	case "dns":
		return "beacon-dns-callback"
	case "http_img":
		return "beacon-http-pixel"
	case "ocsp":
		return "beacon-ocsp-callback"
	case "license":
		return "beacon-license-check"
	default:
		return "beacon-" + kind
	}
}

// QuestionType is extra.qtype, the DNS record type that a dns beacon was asked
// for, or "".
func (e *Event) QuestionType() string {
	_, rest, found := strings.Cut(e.Extra, `"`+questionTypeKey+`":`)
	if !found {
		return ""
	}
	if strings.LastIndexByte(e.Extra, '{') == 0 && !strings.Contains(e.Extra, `\`) {
		// One object without escapes: what follows the key is its value.
		value, quoted := strings.CutPrefix(rest, `"`)
		if !quoted {
			return ""
		}
		value, _, _ = strings.Cut(value, `"`)
		return value
	}
	m := pcommon.NewMap()
	PutExtra(e.Extra, m)
	if v, ok := m.Get(questionTypeKey); ok && v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return ""
}
