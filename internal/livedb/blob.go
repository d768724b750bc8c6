// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"fmt"
	"math"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// MaxValueBytes is the longest text or blob that a statement reads, in bytes, in the
// encoding of the database, unless [Conn.LimitValues] sets less. At a longer one,
// [Stmt.Step] returns an error for which [IsTooBig] is true, and loads nothing.
// [Conn.OpenBlob] reads such a value.
const MaxValueBytes = 1 << 20

// IsTooBig reports whether an error says that a value is longer than the limit of the
// connection.
func IsTooBig(err error) bool { return primaryOf(err) == lib.SQLITE_TOOBIG }

// LimitValues makes statements fail at values of more bytes, at most [MaxValueBytes].
func (c *Conn) LimitValues(bytes int) {
	lib.Xsqlite3_limit(c.tls, c.handle, lib.SQLITE_LIMIT_LENGTH, int32(min(bytes, MaxValueBytes))) //nolint:gosec // at most 1 MiB
}

// blobChunk is how much of a blob is read at once, in bytes.
const blobChunk = 64 << 10

// Blob is a text or a blob in the database that is read piece by piece. It must be
// closed before the call of [DB.View] that its connection is from ends.
type Blob struct {
	conn   *Conn
	handle uintptr // SQLite's sqlite3_blob
	buffer uintptr // C memory
	size   int64
}

// OpenBlob opens the text or blob in a column of the row with that rowid. A view and
// a table without rowids are errors, and so is a value of another type.
func (c *Conn) OpenBlob(table, column string, rowid int64) (*Blob, error) {
	var names [3]uintptr
	defer func() {
		for _, name := range names {
			libc.Xfree(c.tls, name) // which ignores 0
		}
	}()
	for i, name := range []string{"main", table, column} {
		var err error
		if names[i], err = libc.CString(name); err != nil {
			return nil, err
		}
	}
	out := c.tls.Alloc(int(pointerSize))
	defer c.tls.Free(int(pointerSize))
	if code := lib.Xsqlite3_blob_open(c.tls, c.handle, names[0], names[1], names[2], rowid, 0, out); code != lib.SQLITE_OK {
		return nil, newError(c.tls, c.handle, code)
	}
	b := &Blob{conn: c, handle: *(*uintptr)(pointer(out)), buffer: libc.Xmalloc(c.tls, blobChunk)}
	if b.buffer == 0 {
		b.Close()
		return nil, errors.New("out of memory")
	}
	b.size = int64(lib.Xsqlite3_blob_bytes(c.tls, b.handle))
	return b, nil
}

// Size is the size of the value in bytes, in the encoding of the database.
func (b *Blob) Size() int64 { return b.size }

// Copy passes the first size bytes to write, in chunks that are valid until it
// returns. It fails once the context of [DB.View] is done.
func (b *Blob) Copy(size int64, write func(chunk []byte)) error {
	if size < 0 || size > min(b.size, math.MaxInt32) {
		return fmt.Errorf("read %d bytes of a value of %d", size, b.size)
	}
	for offset := int64(0); offset < size; {
		if b.conn.stop.Load() {
			return newError(b.conn.tls, 0, lib.SQLITE_INTERRUPT)
		}
		n := min(size-offset, blobChunk)
		if code := lib.Xsqlite3_blob_read(b.conn.tls, b.handle, b.buffer, int32(n), int32(offset)); code != lib.SQLITE_OK { //nolint:gosec // both are at most the size of a value, an int32
			return newError(b.conn.tls, b.conn.handle, code)
		}
		write(bytesAt(b.buffer, int(n)))
		offset += n
	}
	return nil
}

// Close releases the value.
func (b *Blob) Close() {
	lib.Xsqlite3_blob_close(b.conn.tls, b.handle) // returns the error of the last read, if any
	libc.Xfree(b.conn.tls, b.buffer)
}
