// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement of a [Conn], and valid as long.
type Stmt struct {
	conn   *Conn
	tls    *libc.TLS // of conn
	handle uintptr   // SQLite's sqlite3_stmt
	unfit  error     // what was bound, until Step reports it
}

// BindInt64 gives a parameter a value. They count from 1. If there is no such
// parameter, Step says so.
func (s *Stmt) BindInt64(param int, value int64) {
	if code := lib.Xsqlite3_bind_int64(s.tls, s.handle, int32(param), value); code != lib.SQLITE_OK && s.unfit == nil {
		s.unfit = newError(s.tls, s.conn.handle, code)
	}
}

// Step moves to the next row and reports whether there is one. After an error,
// which is an [*Error], the statement is as if it had been reset.
func (s *Stmt) Step() (bool, error) {
	if err := s.unfit; err != nil {
		s.unfit = nil
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

// Reset makes the statement start from the beginning at the next Step, with
// the values that are bound to it.
func (s *Stmt) Reset() error {
	if code := lib.Xsqlite3_reset(s.tls, s.handle); code != lib.SQLITE_OK {
		return newError(s.tls, s.conn.handle, code)
	}
	return nil
}

// renew makes the statement as it was when it was new.
func (s *Stmt) renew() {
	lib.Xsqlite3_reset(s.tls, s.handle) // fails only if the last Step did
	lib.Xsqlite3_clear_bindings(s.tls, s.handle)
	s.unfit = nil
}

func (s *Stmt) finalize() { lib.Xsqlite3_finalize(s.tls, s.handle) }

// Column returns a column of the row that Step moved to. They count from 0;
// one that does not exist is NULL.
func (s *Stmt) Column(col int) Value {
	return Value{s.tls, lib.Xsqlite3_column_value(s.tls, s.handle, int32(col))}
}

// ColumnType is the type of [Stmt.Column].
func (s *Stmt) ColumnType(col int) Type { return s.Column(col).Type() }

// ColumnInt64 is [Stmt.Column] as an integer, see [Value.Int64].
func (s *Stmt) ColumnInt64(col int) int64 { return s.Column(col).Int64() }
