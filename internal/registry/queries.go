// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"math"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// queries read the events table by a key: an integer for each row, or NULL for rows
// that are not found that way.
type queries struct {
	// byKey says that the key is the rowid or has an index, so that rows can be read
	// in its order at no cost.
	byKey bool
	// isID says that the key is the id.
	isID bool
	// keyColumn is the column of the key in rows and row.
	keyColumn int

	rows       string // ?1 < key, in its order, ?2 of them
	row        string // key = ?1; of several, the first one
	keys       string // the key, ?1 < key, in its order, ?2 of them
	timestamps string // key and timestamp, ?1 < key <= ?2, in the order of keys, ?3 of them; not of ids up to ?4
	// safeTimestamps is timestamps where one may be longer than what can be read.
	safeTimestamps string
	backwards      string // key and timestamp, in the reverse order of keys
	lag            string // the highest key, and the timestamp of the first row with ?1 < key
	lowest         string // the lowest key
	highest        string // the highest key
	// unkeyed is the position and the id of a row without a usable key.
	unkeyed string
	// withoutInteger is the same for a row whose key is NULL.
	withoutInteger string
	// long is the type, the size and, unless it is longer than ?2, the value of each
	// column of the row with rowid ?1; "" if the table has no rowids.
	long string
	// rowidOf is the rowid of the row with the key ?1; "" if that is the key.
	rowidOf string
}

// idKey is the id where it is an integer, in whatever type: a table without a
// primary key may hold 7, 7.0 and '7'. It is NULL for any other.
const idKey = `CASE typeof(id) WHEN 'integer' THEN id
	WHEN 'real' THEN iif(CAST(id AS INTEGER) = id, CAST(id AS INTEGER), NULL)
	WHEN 'text' THEN iif(octet_length(id) <= 40 AND CAST(CAST(id AS INTEGER) AS TEXT) = CAST(id AS TEXT), CAST(id AS INTEGER), NULL) END`

// safeTimestamp is the timestamp, or a text that is none where it is too long to be
// one: reading such a value would fail.
const safeTimestamp = "iif(octet_length(timestamp) > 64, 'too long', timestamp)"

// newQueries returns the queries in the order of ids, and those in the order that
// costs least.
func newQueries(l *layout) (delivery, ordered queries) {
	switch {
	case l.hasKey:
		q := l.queries("id", true)
		return q, q
	case l.rowid != "":
		return l.queries(idKey, true), l.queries(l.rowid, false)
	default:
		q := l.queries(idKey, true)
		return q, q
	}
}

func (l *layout) queries(key string, isID bool) queries {
	columns := l.selectList(func(c *translator.Column) string {
		if l.has(c.Name) {
			return c.Name
		}
		return "NULL"
	})
	q := queries{isID: isID, byKey: key != idKey, keyColumn: 0}
	position, after := "id", ""
	if !l.hasKey {
		columns += ", " + key
		q.keyColumn = len(eventColumns)
		after = " AND coalesce((" + idKey + ") > ?4, 1)"
	}
	if l.rowid != "" {
		position = l.rowid
		q.long = fmt.Sprintf("SELECT %s FROM events WHERE %s = ?1", l.selectList(l.longColumn), l.rowid)
	}
	if l.rowid != "" && isID && !l.hasKey {
		q.rowidOf = fmt.Sprintf("SELECT %s FROM events WHERE %s = ?1 ORDER BY %s LIMIT 1", l.rowid, key, position)
	}
	scan := "SELECT " + key + ", %s FROM events WHERE " + key + " > ?1 AND " + key + " <= ?2" + after + " ORDER BY " + key + " LIMIT ?3"
	q.rows = fmt.Sprintf("SELECT %s FROM events WHERE %s > ?1 ORDER BY %s LIMIT ?2", columns, key, key)
	q.row = fmt.Sprintf("SELECT %s FROM events WHERE %s = ?1 ORDER BY %s LIMIT 1", columns, key, position)
	q.keys = fmt.Sprintf("SELECT %s FROM events WHERE %s > ?1 ORDER BY %s LIMIT ?2", key, key, key)
	q.timestamps = fmt.Sprintf(scan, "timestamp")
	q.safeTimestamps = fmt.Sprintf(scan, safeTimestamp)
	q.backwards = fmt.Sprintf("SELECT %s, %s FROM events WHERE %s >= 1 ORDER BY %s DESC", key, safeTimestamp, key, key)
	q.lag = fmt.Sprintf("SELECT (SELECT max(%s) FROM events), %s FROM events WHERE %s > ?1 ORDER BY %s LIMIT 1", key, safeTimestamp, key, key)
	q.lowest = fmt.Sprintf("SELECT min(%s) FROM events", key)
	q.highest = fmt.Sprintf("SELECT max(%s) FROM events", key)
	shownID := "id"
	if !l.hasKey {
		shownID = "iif(octet_length(id) > 64, 'too long', quote(id))"
	}
	q.unkeyed = fmt.Sprintf("SELECT %s, %s FROM events WHERE coalesce(%s, 0) < 1 LIMIT 1", position, shownID, key)
	q.withoutInteger = fmt.Sprintf("SELECT %s, %s FROM events WHERE (%s) IS NULL LIMIT 1", position, shownID, key)
	if l.hasKey {
		q.unkeyed = "SELECT id, id FROM events WHERE id < 1 ORDER BY id DESC LIMIT 1"
	}
	return q
}

// rowLimit is the most bytes of a row that is read at once: any number where there is no
// other way.
func (q *queries) rowLimit() int {
	if q.long == "" {
		return math.MaxInt
	}
	return maxRowBytes
}

// stepLimit is the longest value that is read at once.
func (q *queries) stepLimit() int {
	if q.long == "" {
		return maxLoadedBytes
	}
	return maxStepBytes
}

// longColumn is three columns for one of the event's.
func (l *layout) longColumn(c *translator.Column) string {
	if !l.has(c.Name) {
		return "'null', 0, NULL"
	}
	return fmt.Sprintf("typeof(%[1]s), octet_length(%[1]s), iif(octet_length(%[1]s) <= ?2, %[1]s, NULL)", c.Name)
}
