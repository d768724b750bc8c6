// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// The places of the columns in a row.
const (
	columnID = iota
	columnTokenID
	columnFileID
	columnRecipientID
	columnIssuerID
	columnKind
	columnSourceIP
	columnUserAgent
	columnExtra
	columnTimestamp
	columnQualifiedTimestamp
	columnTlogIndex
	columnCount
)

var columnNames = strings.Split(columns, ", ")

// maxShown is how much of an unreadable value an error shows, in bytes. The
// rest stays in the registry.
const maxShown = 256

// sharedSize is how many bytes of rows share a string, and so stay in memory as
// long as any of their events does.
const sharedSize = 64 << 10

// decoder turns rows into events. SQLite checks no types, so any column may
// hold anything; what cannot be read is described and passed over.
type decoder struct {
	values  [columnCount]value // of the row at hand
	encoded []byte             // the row at hand, as it is hashed
	shared  strings.Builder    // the last rows, for the texts of events to be part of
	row     string             // the row at hand and its uid, in shared
	ascii   bool               // row is, so that no text needs a closer look
	faults  []string

	withoutUID bool // events need none
}

// value is what a column holds, as SQLite has it.
type value struct {
	class      livedb.Type
	int        int64
	float      float64
	start, end int // of its bytes in the encoded row
}

// decode fills in the event from the statement's row.
func (d *decoder) decode(stmt *livedb.Stmt, e *translator.Event) {
	d.encode(stmt, e.RegistryID)
	d.faults = d.faults[:0]
	if d.withoutUID {
		d.share(nil)
	} else {
		uid := d.hash()
		e.UID = d.share(uid[:])
	}
	e.ID = d.values[columnID].int
	e.TokenID = d.text(columnTokenID)
	e.FileID = d.text(columnFileID)
	e.RecipientID = d.text(columnRecipientID)
	e.IssuerID = d.text(columnIssuerID)
	e.Kind = d.text(columnKind)
	e.SourceIP = d.text(columnSourceIP)
	e.UserAgent = d.text(columnUserAgent)
	e.Extra, e.QuestionName = translator.NormalizeExtra(d.text(columnExtra))
	e.Timestamp = d.time(columnTimestamp)
	e.QualifiedTimestamp = d.text(columnQualifiedTimestamp)
	e.TlogIndex, e.HasTlogIndex = d.int(columnTlogIndex)
	if len(d.faults) > 0 {
		e.DecodeError = strings.Join(d.faults, "; ")
	}
}

// uid is the event_uid of the statement's row.
func (d *decoder) uid(stmt *livedb.Stmt, registryID string) string {
	d.encode(stmt, registryID)
	uid := d.hash()
	return string(uid[:])
}

// share makes the row and its uid part of a string that many rows share, and
// all texts parts of that: an allocation every some hundred rows instead of ten
// a row. It returns the uid.
func (d *decoder) share(uid []byte) string {
	size := len(d.encoded) + len(uid)
	if d.shared.Cap()-d.shared.Len() < size {
		d.shared = strings.Builder{} // the old one belongs to its events
		d.shared.Grow(max(size, sharedSize))
	}
	start := d.shared.Len()
	d.shared.Write(d.encoded)
	d.shared.Write(uid)
	d.row = d.shared.String()[start:]
	d.ascii = isASCII(d.row)
	return d.row[len(d.encoded):]
}

// isASCII looks at eight bytes at a time.
func isASCII(s string) bool {
	const high = 0x8080808080808080
	for len(s) >= 8 {
		if word := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56; word&high != 0 {
			return false
		}
		s = s[8:]
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// bytes is the text or blob that a column holds.
func (d *decoder) bytes(column int) string {
	v := &d.values[column]
	return d.row[v.start:v.end]
}

// text reads a column as text. Numbers have one, blobs do not.
func (d *decoder) text(column int) string {
	switch d.values[column].class {
	case livedb.TypeText:
		text := d.bytes(column)
		if d.ascii || utf8.ValidString(text) {
			return text
		}
		d.fault(column, "text that is not UTF-8")
		return strings.ToValidUTF8(text, string(utf8.RuneError))
	case livedb.TypeInteger, livedb.TypeFloat:
		return d.number(column)
	case livedb.TypeBlob:
		d.fault(column, "a blob, not text")
	case livedb.TypeNull:
	}
	return ""
}

// int reads a column as an integer, which may be NULL.
func (d *decoder) int(column int) (n int64, ok bool) {
	switch v := &d.values[column]; v.class {
	case livedb.TypeInteger:
		return v.int, true
	case livedb.TypeNull:
	default:
		d.fault(column, "no integer")
	}
	return 0, false
}

// time reads a column as unix seconds; 0 and NULL mean that there is no time.
func (d *decoder) time(column int) time.Time {
	seconds, ok := d.int(column)
	if !ok || seconds == 0 {
		return time.Time{}
	}
	t, ok := toTime(seconds)
	if !ok {
		d.fault(column, "no time from 1970 to 2262")
	}
	return t
}

func toTime(seconds int64) (time.Time, bool) {
	if seconds < translator.MinTimestamp || seconds > translator.MaxTimestamp {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0).UTC(), true
}

// timestampOf reads a column as [decoder.time] does.
func timestampOf(stmt *livedb.Stmt, column int) (time.Time, bool) {
	if stmt.ColumnType(column) != livedb.TypeInteger {
		return time.Time{}, false
	}
	return toTime(stmt.ColumnInt64(column))
}

func (d *decoder) fault(column int, what string) {
	d.faults = append(d.faults, fmt.Sprintf("%s holds %s: %s", columnNames[column], what, d.show(column)))
}

// number is a number as SQLite would cast it to text.
func (d *decoder) number(column int) string {
	v := &d.values[column]
	if v.class == livedb.TypeFloat {
		return fmt.Sprintf("%g", v.float)
	}
	return strconv.FormatInt(v.int, 10)
}

// show writes a value as an SQL literal, shortened where it is long.
func (d *decoder) show(column int) string {
	switch text := d.bytes(column); d.values[column].class {
	case livedb.TypeText:
		if utf8.ValidString(text) {
			return "'" + shorten(text, func(s string) string { return strings.ToValidUTF8(s, "") }) + "'"
		}
		return "CAST(x'" + shorten(text, hexOf) + "' AS TEXT)"
	case livedb.TypeBlob:
		return "x'" + shorten(text, hexOf) + "'"
	case livedb.TypeNull:
		return "NULL"
	default:
		return d.number(column)
	}
}

func hexOf(s string) string { return fmt.Sprintf("%x", s) }

func shorten(s string, form func(string) string) string {
	if len(s) <= maxShown {
		return form(s)
	}
	return fmt.Sprintf("%s… (%d bytes)", form(s[:maxShown]), len(s))
}
