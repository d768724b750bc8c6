// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"fmt"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Error is a failure that SQLite reports.
type Error struct {
	// Code is the extended result code (https://sqlite.org/rescode.html).
	Code int
	// Message is SQLite's text. It does not name the file: SQLite does not know
	// its path.
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (SQLite result code %d)", e.Message, e.Code) }

// Primary returns the primary result code, the low byte of Code.
func (e *Error) Primary() int { return e.Code & 0xff }

// primaryOf returns the primary result code of an error; SQLITE_OK for one that is
// not from SQLite.
func primaryOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Primary()
	}
	return lib.SQLITE_OK
}

// newError returns the error for a result code of a call on a connection; 0 for
// none. A call with invalid arguments leaves no message in the connection.
func newError(tls *libc.TLS, connection uintptr, code int32) *Error {
	message := lib.Xsqlite3_errstr(tls, code)
	if connection != 0 && lib.Xsqlite3_extended_errcode(tls, connection) == code {
		message = lib.Xsqlite3_errmsg(tls, connection)
	}
	return &Error{Code: int(code), Message: libc.GoString(message)}
}
