// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"math"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/extra"
)

// MinTimestamp and MaxTimestamp are the least and the greatest seconds since 1970
// that a log record can hold: Go reads its nanoseconds as an int64, and 0 means
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
	// ID is the row's id, from 1. It is unique until a backup is restored.
	ID int64
	// UID identifies the event across restored backups: 32 hex digits.
	UID string
	// Kind is the kind of beacon, see [Action].
	Kind string
	// TokenID, FileID, RecipientID and IssuerID say what was marked for whom.
	TokenID, FileID, RecipientID, IssuerID string
	// SourceIP is the address that called back, as the registry wrote it.
	SourceIP string
	// UserAgent is the user agent that the caller sent.
	UserAgent string
	// QuestionName is extra.qname, the name that a dns beacon was queried for.
	QuestionName string
	// Extra is the compact text of a JSON object that is not empty, as
	// [NormalizeExtra] returns it; or "".
	Extra string
	// Timestamp is when the registry was called, by its clock, in UTC. Records
	// hold times from [MinTimestamp] to [MaxTimestamp]; the zero time
	// stands for any other.
	Timestamp time.Time
	// QualifiedTimestamp is RFC 3339, as the registry wrote it.
	QualifiedTimestamp string
	// TlogIndex is the index of the event's leaf in the transparency log; -1 for
	// none. It counts only if HasTlogIndex is set.
	TlogIndex    int64
	HasTlogIndex bool
	invalid      columnSet // see MarkInvalid
	// TlogStatus is the result of comparing the event with that leaf, see
	// [AttributeTlogStatus]; "" where nothing was checked.
	TlogStatus string
	// TlogMismatch is the names of the fields in which they differ, with
	// commas between them.
	TlogMismatch string
	// DecodeError says which columns could not be read and why, for a person.
	DecodeError string
	// Observed is when the row was read.
	Observed time.Time
	// Truncated is the names of the columns whose values were cut, with commas
	// between them; "" for none. See [Event.Truncate].
	Truncated string
	// Reduced is the names of the columns that were left out of the reduced form,
	// with commas between them; "" in an event that is whole. See [Event.Reduce].
	Reduced string
	// Long describes the values that were too long to be read whole; nil, nearly
	// always, for none.
	Long *LongValues
}

// Action is the name of what happened when a beacon of a kind called back, as in
// the registry's own exporter: beacon-dns-callback, beacon-http-pixel,
// beacon-ocsp-callback, beacon-license-check, or else beacon-<kind>.
func Action(kind string) string {
	switch kind { // ten times as fast as a map
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

// ExtraFitsElastic reports whether Elasticsearch accepts Extra as an object, and
// Logstash, and an index without a template the Extra of other events after it.
func (e *Event) ExtraFitsElastic() bool { return extra.FitsElastic(e.Extra) }

// QuestionType is extra.qtype, the DNS record type that a dns beacon was queried
// for, or "".
func (e *Event) QuestionType() string { return extra.QuestionType(e.Extra) }

// NormalizeExtra converts the text of the column extra into the form of
// [Event.Extra], and returns extra.qname.
//
//   - A JSON object becomes its compact text, without white space, in the
//     order of its keys; of a repeated key the last value counts. An empty one
//     becomes "".
//   - Anything else, valid or not, becomes {"raw": ...}, with the value if it
//     is valid JSON and with the text otherwise. So does an object nested
//     deeper than 30 levels, with more than 1000 keys, or with more than 131,072
//     items in its arrays, which no destination would accept.
//   - Numbers keep their digits: one that neither int64 nor float64 holds
//     exactly becomes a string, and so do NaN, Infinity and -Infinity, which are no
//     JSON and which Python writes.
//   - Lone surrogates and invalid UTF-8 become U+FFFD. Keys that differ remain
//     different: of those that would be the same, the second is followed by (2).
//
// NormalizeExtra(NormalizeExtra(x)) equals NormalizeExtra(x).
func NormalizeExtra(text string) (normal, questionName string) { return extra.Normalize(text) }

// slot points to a field of the event.
func (e *Event) slot(f field) slot {
	switch f {
	case fieldID:
		return slot{number: &e.ID}
	case fieldUID:
		return slot{text: &e.UID}
	case fieldKind:
		return slot{text: &e.Kind}
	case fieldTokenID:
		return slot{text: &e.TokenID}
	case fieldFileID:
		return slot{text: &e.FileID}
	case fieldRecipientID:
		return slot{text: &e.RecipientID}
	case fieldIssuerID:
		return slot{text: &e.IssuerID}
	case fieldQualifiedTimestamp:
		return slot{text: &e.QualifiedTimestamp}
	case fieldSourceIP:
		return slot{text: &e.SourceIP}
	case fieldUserAgent:
		return slot{text: &e.UserAgent}
	case fieldQuestionName:
		return slot{text: &e.QuestionName}
	case fieldExtra:
		return slot{text: &e.Extra}
	case fieldDecodeError:
		return slot{text: &e.DecodeError}
	case fieldTlogIndex:
		return slot{number: &e.TlogIndex, present: &e.HasTlogIndex}
	case fieldTlogStatus:
		return slot{text: &e.TlogStatus}
	case fieldTlogMismatch:
		return slot{text: &e.TlogMismatch}
	case fieldTruncated:
		return slot{text: &e.Truncated}
	case fieldReduced:
		return slot{text: &e.Reduced}
	default: // Timestamp is the record's, and other fields are of findings
		return slot{}
	}
}
