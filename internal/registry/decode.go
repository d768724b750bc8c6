// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// maxShown is how much of an unreadable value an error shows, in bytes. The
// rest stays in the registry.
const maxShown = 256

// sharedSize is how many bytes of rows share a string, which stays in memory as
// long as any of their events does.
const sharedSize = 64 << 10

// decoder converts rows to events. SQLite checks no types, so any column may
// hold anything; what cannot be read is described and left out.
type decoder struct {
	columns    []translator.Column
	uidColumns int // how many of them, the first, enter the uid

	values     []columnValue   // of the current row, one for each column
	encoded    []byte          // the current row: what is hashed, and then the columns that are not
	shared     strings.Builder // the last rows, which hold the texts of their events
	row        string          // the current row and its uid, in shared
	ascii      bool            // row is ASCII, so that no text needs a check
	unreadable []string        // the current row's columns that cannot be read, and why

	withoutUID bool // events need none

	timestamp int // the index of its column; -1 if there is none
}

// columnValue is what a column holds, as SQLite returns it.
type columnValue struct {
	class      livedb.Type
	int        int64
	real       string // the text of a real number
	start, end int    // of its bytes in the encoded row
}

// newDecoder makes a decoder of rows with these columns. Those of the uid come
// first.
func newDecoder(columns []translator.Column) *decoder {
	d := &decoder{columns: columns, values: make([]columnValue, len(columns)), timestamp: timestampColumn(columns)}
	for d.uidColumns < len(columns) && columns[d.uidColumns].InUID {
		d.uidColumns++
	}
	return d
}

// decode sets the event from the statement's row. For a row of more than limit bytes
// it returns errLargeRow.
func (d *decoder) decode(stmt *livedb.Stmt, e *translator.Event, limit int) error {
	if err := d.encode(stmt, e.RegistryID, limit); err != nil {
		return err
	}
	d.unreadable = d.unreadable[:0]
	if d.withoutUID {
		d.share(nil)
	} else {
		uid := d.hash()
		e.UID = d.share(uid[:])
	}
	d.decodeColumns(e)
	return nil
}

// decodeColumns sets the event from the encoded row.
func (d *decoder) decodeColumns(e *translator.Event) {
	for i := range d.columns {
		d.decodeColumn(i, e)
	}
	if len(d.unreadable) > 0 {
		e.DecodeError = strings.Join(d.unreadable, "; ")
	}
}

func (d *decoder) decodeColumn(column int, e *translator.Event) {
	c := &d.columns[column]
	switch c.Type {
	case translator.ColumnText:
		text, valid := d.text(column)
		if text != "" {
			c.SetText(e, text)
		}
		if !valid {
			e.MarkInvalid(c.Name)
		}
	case translator.ColumnInteger:
		if n, ok := d.int(column); ok {
			c.SetInt(e, n)
			if n == 0 && column == 0 {
				d.cannotRead(column, "not positive") // an event with the id 0 has none
			}
		}
	case translator.ColumnTime:
		if seconds, ok := d.seconds(column); ok {
			c.SetTime(e, seconds)
		} else {
			e.MarkInvalid(c.Name)
		}
	}
}

// uid is the uid of the statement's row. For a row of more than limit bytes it
// returns errLargeRow.
func (d *decoder) uid(stmt *livedb.Stmt, registryID string, limit int) (string, error) {
	if err := d.encode(stmt, registryID, limit); err != nil {
		return "", err
	}
	uid := d.hash()
	return string(uid[:]), nil
}

// share copies the row and its uid into a string that many rows share; all their
// texts are parts of it: one allocation every few hundred rows instead of ten
// for each row. It returns the uid.
func (d *decoder) share(uid []byte) string {
	size := len(d.encoded) + len(uid)
	if d.shared.Cap()-d.shared.Len() < size {
		d.shared = strings.Builder{} // the events refer to the old one
		d.shared.Grow(max(size, sharedSize))
	}
	start := d.shared.Len()
	d.shared.Write(d.encoded)
	d.shared.Write(uid)
	d.row = d.shared.String()[start:]
	d.ascii = isASCII(d.row)
	return d.row[len(d.encoded):]
}

// isASCII checks eight bytes at a time.
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

// text reads a column as text. Numbers have a text. Blobs do not, except for JSON in
// extra, which the registry's own exporter reads. valid is false for whatever is neither
// text nor NULL.
func (d *decoder) text(column int) (text string, valid bool) {
	switch class := d.values[column].class; class {
	case livedb.TypeText:
		text := d.bytes(column)
		if d.ascii || utf8.ValidString(text) {
			return text, true
		}
		d.cannotRead(column, "text that is not UTF-8")
		return strings.ToValidUTF8(text, string(utf8.RuneError)), false
	case livedb.TypeInteger, livedb.TypeFloat:
		if d.columns[column].Name == columnExtra && d.isZero(column) { // which Python takes for none
			return "", false
		}
		return d.number(column), false
	case livedb.TypeBlob:
		return d.textOfBlob(column), false
	case livedb.TypeNull:
	}
	return "", true
}

func (d *decoder) textOfBlob(column int) string {
	blob := d.bytes(column)
	if d.columns[column].Name == columnExtra && utf8.ValidString(blob) {
		blob = strings.TrimPrefix(blob, "\ufeff")
		if !json.Valid([]byte(blob)) && blob != "" {
			d.cannotRead(column, "a blob that is not JSON")
		}
		return blob
	}
	d.cannotRead(column, "a blob, not text")
	return ""
}

// int reads a column as an integer, which may be NULL. A real number and a text count
// if they are one.
func (d *decoder) int(column int) (n int64, ok bool) {
	switch v := &d.values[column]; v.class {
	case livedb.TypeInteger:
		return v.int, true
	case livedb.TypeFloat:
		real := d.real(column)
		if n, ok = truncate(real); ok && float64(n) == real {
			return n, true
		}
	case livedb.TypeText:
		text := d.bytes(column)
		if n, ok = parseInteger(text); ok || text == "" && column != 0 {
			return n, ok
		}
	case livedb.TypeNull:
		if column != 0 {
			return 0, false
		}
	case livedb.TypeBlob:
	}
	d.cannotRead(column, "not an integer")
	return 0, false
}

// seconds reads a column as seconds since 1970; 0 and NULL mean that there is no
// time. Like the registry's own exporter, it reads whatever Python converts to an
// integer.
func (d *decoder) seconds(column int) (seconds int64, ok bool) {
	seconds, known := d.time(column)
	switch {
	case !known && d.values[column].class != livedb.TypeNull && d.values[column].start != d.values[column].end:
		d.cannotRead(column, "not an integer")
		return 0, false
	case !known || seconds == 0:
		return 0, false
	case seconds < translator.MinTimestamp || seconds > translator.MaxTimestamp:
		d.cannotRead(column, "not a time from 1970 to 2262")
		return 0, false
	}
	return seconds, true
}

// time is the integer that a column holds as seconds; known is false if there is
// none.
func (d *decoder) time(column int) (seconds int64, known bool) {
	switch v := &d.values[column]; v.class {
	case livedb.TypeInteger:
		return v.int, true
	case livedb.TypeFloat:
		return clampedSeconds(d.real(column)), true
	case livedb.TypeText, livedb.TypeBlob:
		return parseInteger(string(d.encoded[v.start:v.end]))
	default:
		return 0, false
	}
}

// timeKey is the timestamp of the row as [sortKey] has it.
func (d *decoder) timeKey() int64 {
	if d.timestamp < 0 {
		return noTime
	}
	seconds, known := d.time(d.timestamp)
	return timeKey(d.values[d.timestamp].class, seconds, known)
}

// real is the real number that a column holds.
func (d *decoder) real(column int) float64 {
	v := &d.values[column]
	return math.Float64frombits(binary.BigEndian.Uint64(d.encoded[v.start:v.end]))
}

func (d *decoder) isZero(column int) bool {
	if v := &d.values[column]; v.class == livedb.TypeInteger {
		return v.int == 0
	}
	return d.real(column) == 0
}

func (d *decoder) cannotRead(column int, reason string) {
	d.unreadable = append(d.unreadable, fmt.Sprintf("%s is %s: %s", d.columns[column].Name, reason, d.show(column)))
}

// number is the text of a number, as SQLite's CAST.
func (d *decoder) number(column int) string {
	v := &d.values[column]
	if v.class == livedb.TypeFloat {
		return v.real
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
