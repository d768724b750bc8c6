// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Type is the storage class of a [Value].
type Type int32

// The types of values. The numbers are SQLite's.
const (
	TypeInteger Type = lib.SQLITE_INTEGER
	TypeFloat   Type = lib.SQLITE_FLOAT
	TypeText    Type = lib.SQLITE_TEXT
	TypeBlob    Type = lib.SQLITE_BLOB
	TypeNull    Type = lib.SQLITE_NULL
)

// Value is a column of a row. It is valid until the statement's next Step or Reset.
// Its methods do not allocate. They convert values of other types as SQLite does
// (https://sqlite.org/c3ref/value_blob.html). A conversion may change the type, so
// call Type first.
type Value struct {
	tls    *libc.TLS
	handle uintptr // SQLite's sqlite3_value, in the row of the statement
}

// Type returns the type that the value has in the database.
func (v Value) Type() Type { return Type(lib.Xsqlite3_value_type(v.tls, v.handle)) }

// Int64 returns an integer; 0 for NULL.
func (v Value) Int64() int64 { return lib.Xsqlite3_value_int64(v.tls, v.handle) }

// Float returns a real number; 0 for NULL.
func (v Value) Float() float64 { return lib.Xsqlite3_value_double(v.tls, v.handle) }

// Text returns a text in UTF-8, whatever the encoding of the database. It may be
// invalid UTF-8. The bytes are SQLite's: they must not be changed, nor used after
// the statement's next Step or Reset.
func (v Value) Text() []byte {
	text := lib.Xsqlite3_value_text(v.tls, v.handle) // before asking for the length, since this converts to UTF-8
	return v.bytes(text)
}

// Blob returns the bytes of a blob. They are SQLite's, like those of Text.
func (v Value) Blob() []byte { return v.bytes(lib.Xsqlite3_value_blob(v.tls, v.handle)) }

func (v Value) bytes(address uintptr) []byte {
	if address == 0 { // NULL or an empty blob
		return nil
	}
	return bytesAt(address, int(lib.Xsqlite3_value_bytes(v.tls, v.handle)))
}
