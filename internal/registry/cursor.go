// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Cursor is a position between two rows. The zero value is before the first row.
// Cursors are compared with ==.
type Cursor struct {
	// ID is the highest id that was read; 0 for none.
	ID int64
	// UID is the log.record.uid of the row with that id, under RegistryID; empty
	// if that row had been pruned.
	UID string
	// RegistryID is the id that UID was made with. With it, an operator can rename
	// a registry, and its database does not count as replaced.
	RegistryID string
}

// cursorAfter is the cursor after an event. It may be kept for long, so that its
// texts must not keep those of a batch in memory.
func cursorAfter(e *translator.Event) Cursor {
	return Cursor{ID: e.ID, UID: strings.Clone(e.UID), RegistryID: e.RegistryID}
}

// ReplacedError means that the database is not the one that the cursor is from.
type ReplacedError struct {
	// Path is the database file.
	Path string
	// Cursor is the cursor that does not fit the database.
	Cursor Cursor
	// Reason says in words what does not fit.
	Reason string
}

func (e *ReplacedError) Error() string {
	return fmt.Sprintf("database %s was replaced since it was read up to id %d: %s", e.Path, e.Cursor.ID, e.Reason)
}

// check returns a *ReplacedError if the database is not the cursor's. The cursor's
// id is a key of the queries.
func (r *Reader) check(conn *livedb.Conn, q *queries, cursor Cursor) error {
	if cursor.ID == 0 {
		return nil
	}
	uid, found, err := r.uidAt(conn, q, cursor.ID, cursor.RegistryID)
	if err != nil {
		return err
	}
	if found {
		if uid == cursor.UID {
			return nil
		}
		return &ReplacedError{r.settings.Path, cursor, fmt.Sprintf("the row with that id is event %s, expected %s", uid, cmp.Or(cursor.UID, "no row"))}
	}
	highest, err := highestKey(conn, q)
	if err != nil || highest >= cursor.ID {
		return err // pruned
	}
	return &ReplacedError{r.settings.Path, cursor, fmt.Sprintf("its highest id ever used is %d", highest)}
}

// uidAt returns the uid of the row with that key.
func (r *Reader) uidAt(conn *livedb.Conn, q *queries, key int64, registryID string) (uid string, found bool, err error) {
	stmt, err := conn.Prepare(q.row)
	if err != nil {
		return "", false, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, key)
	found, err = stmt.Step()
	if found {
		uid, err = r.decoder.uid(stmt, registryID, q.rowLimit())
	}
	if isLarge(err) {
		_ = stmt.Reset() // frees SQLite's copies of the values
		uid, err = r.longUID(conn, q, key, registryID)
		found = err == nil
	}
	return uid, found, err
}

// highestKey returns the highest key that was ever used in the table: AUTOINCREMENT
// keeps it in sqlite_sequence after the rows are deleted. Without AUTOINCREMENT it
// is that of the rows that are left.
func highestKey(conn *livedb.Conn, q *queries) (int64, error) {
	highest, err := queryInt(conn, q.highest)
	if err != nil {
		return 0, err
	}
	exists, err := queryInt(conn, "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'")
	if err != nil || exists == 0 || !q.byKey {
		return highest, err
	}
	sequence, err := queryInt(conn, "SELECT max(seq) FROM sqlite_sequence WHERE name = 'events'")
	return max(highest, sequence), err
}
