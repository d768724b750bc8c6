// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"os"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/filestat"
	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// NoticeKind is what a [Notice] is about.
type NoticeKind string

// Kinds of notices.
const (
	// NoticeIDs: there are rows that no cursor reaches, since their ids are not
	// positive integers. They are not delivered.
	NoticeIDs NoticeKind = "ids"
	// NoticeRepeatedIDs: several rows have the same id. One of them is delivered.
	NoticeRepeatedIDs NoticeKind = "repeated-ids"
	// NoticeHardLink: the file has several names. SQLite looks for the write-ahead log
	// beside the name that it was opened with, and rows may be in another one.
	NoticeHardLink NoticeKind = "hard-link"
	// NoticeFuture: timestamps are more than a day in the future.
	NoticeFuture NoticeKind = "future"
	// NoticeColumns: the table lacks columns, which are read as NULL.
	NoticeColumns NoticeKind = "columns"
)

// Notice is what an operator should be told about a database that was read. It is no
// error: what can be read was read. Every batch repeats those that still apply, with
// another text where it names another row: who logs them limits the lines by kind.
type Notice struct {
	// Kind is what it is about.
	Kind NoticeKind
	// Text says what was found and what to do, in one line. It names the file and,
	// if it is about rows, one of them.
	Text string
}

// notices returns what there is to be told about a page. The search for ids reads the
// whole table if id has no index.
func (r *Reader) notices(conn *livedb.Conn, l *layout, p *page) ([]Notice, error) {
	notices := r.fileNotices(l)
	if p.repeated != 0 {
		notices = r.addNotice(notices, NoticeRepeatedIDs, "several rows have the id %d, and only the first one is read in the order of ids; oversight-siem export exports all of them", p.repeated)
	}
	if p.future != 0 {
		notices = r.addNotice(notices, NoticeFuture, "the row with the id %d has a timestamp in the future; check the clock of the registry", p.future)
	}
	if p.more {
		return notices, nil
	}
	position, id, found, err := unkeyedRow(conn, &l.delivery)
	if found {
		notices = r.addNotice(notices, NoticeIDs, "the row at position %d has the id %s, which is not a positive integer: this row and others like it are not read in the order of ids; oversight-siem export exports them", position, id)
	}
	return notices, err
}

// fileNotices returns what there is to be told about the file and its table.
func (r *Reader) fileNotices(l *layout) (notices []Notice) {
	if len(l.missing) > 0 {
		notices = r.addNotice(notices, NoticeColumns, "the table events has no column %s, which is read as NULL", strings.Join(l.missing, ", "))
	}
	if info, err := os.Stat(r.settings.Path); err == nil && filestat.Links(info) > 1 {
		notices = r.addNotice(notices, NoticeHardLink, "the file has %d names (hard links), and rows that are still in a write-ahead log beside another name are not seen; use the path that the registry uses", filestat.Links(info))
	}
	return notices
}

func (r *Reader) addNotice(notices []Notice, kind NoticeKind, format string, args ...any) []Notice {
	return append(notices, Notice{kind, fmt.Sprintf("database %s: ", r.settings.Path) + fmt.Sprintf(format, args...)})
}

// unkeyedRow finds a row whose id is no positive integer.
func unkeyedRow(conn *livedb.Conn, q *queries) (position int64, id string, found bool, err error) {
	stmt, err := conn.Prepare(q.unkeyed)
	if err != nil {
		return 0, "", false, err
	}
	defer stmt.Reset()
	if found, err = stmt.Step(); found {
		position, id = stmt.Column(0).Int64(), string(stmt.Column(1).Text())
	}
	return position, id, found, err
}
