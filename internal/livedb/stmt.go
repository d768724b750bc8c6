// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"cmp"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement of a [Conn], and valid as long as that.
type Stmt struct {
	conn    *Conn
	tls     *libc.TLS // of conn
	handle  uintptr   // SQLite's sqlite3_stmt
	bindErr error     // of the last bindings, until Step returns it
}

// BindInt64 binds a value to a parameter. Parameters count from 1. If there is no
// such parameter, the next Step returns the error.
func (s *Stmt) BindInt64(param int, value int64) {
	if code := lib.Xsqlite3_bind_int64(s.tls, s.handle, int32(param), value); code != lib.SQLITE_OK && s.bindErr == nil { //nolint:gosec // SQLite has at most 32766 parameters
		s.bindErr = newError(s.tls, s.conn.handle, code)
	}
}

// transient is SQLITE_TRANSIENT: SQLite makes a copy of the value at once.
const transient = ^uintptr(0)

// BindText sets a parameter to a text, which is copied. The next Step returns its error,
// if any.
func (s *Stmt) BindText(param int, text string) {
	value, err := libc.CString(text)
	if err != nil {
		s.bindErr = cmp.Or(s.bindErr, err)
		return
	}
	defer libc.Xfree(s.tls, value)
	code := lib.Xsqlite3_bind_text(s.tls, s.handle, int32(param), value, int32(len(text)), transient) //nolint:gosec // small numbers
	if code != lib.SQLITE_OK && s.bindErr == nil {
		s.bindErr = newError(s.tls, s.conn.handle, code)
	}
}

// Step moves to the next row and reports whether there is one. An error is an
// [*Error], and resets the statement.
func (s *Stmt) Step() (bool, error) {
	if err := s.bindErr; err != nil {
		s.bindErr = nil
		return false, err
	}
	switch code := lib.Xsqlite3_step(s.tls, s.handle); code {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		err := newError(s.tls, s.conn.handle, code)
		lib.Xsqlite3_reset(s.tls, s.handle)
		return false, err
	}
}

// Reset makes the next Step start from the beginning, with the same bindings.
func (s *Stmt) Reset() error {
	if code := lib.Xsqlite3_reset(s.tls, s.handle); code != lib.SQLITE_OK {
		return newError(s.tls, s.conn.handle, code)
	}
	return nil
}

// clear resets the statement and clears its bindings.
func (s *Stmt) clear() {
	lib.Xsqlite3_reset(s.tls, s.handle) // returns the error of the last Step, if any
	lib.Xsqlite3_clear_bindings(s.tls, s.handle)
	s.bindErr = nil
}

func (s *Stmt) finalize() { lib.Xsqlite3_finalize(s.tls, s.handle) }

// Column returns a column of the current row. Columns count from 0; one that does
// not exist is NULL.
func (s *Stmt) Column(col int) Value {
	return Value{s.tls, lib.Xsqlite3_column_value(s.tls, s.handle, int32(col))} //nolint:gosec // SQLite has at most 32767 columns
}
