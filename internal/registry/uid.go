// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"

	"zombiezen.com/go/sqlite"
)

// uidSize is how much of the hash is kept, in bytes: half of it still leaves
// two equal uids among 2^60 events unlikely.
const uidSize = 16

// Storage classes as they enter the hash. SQLite's own codes, so that a NULL,
// an empty text and a 0 are different.
const (
	classInteger = 1
	classReal    = 2
	classText    = 3
	classBlob    = 4
	classNull    = 5
)

// encode loads the statement's row, in the form that is hashed: the registry
// id and then every column in the order of the table, each as its storage class
// (a byte), its length (4 bytes, big-endian) and its bytes. These are text and
// blobs as they are, integers in decimal, reals as 8 bytes of IEEE 754,
// big-endian, and none for NULL.
func (d *decoder) encode(stmt *sqlite.Stmt, registryID string) {
	d.encoded = append(appendHeader(d.encoded[:0], classText, len(registryID)), registryID...)
	for i := range d.values {
		v := &d.values[i]
		*v = value{class: stmt.ColumnType(i)}
		switch v.class {
		case sqlite.TypeInteger:
			v.int = stmt.ColumnInt64(i)
			var digits [20]byte
			text := strconv.AppendInt(digits[:0], v.int, 10)
			d.encoded = append(appendHeader(d.encoded, classInteger, len(text)), text...)
		case sqlite.TypeFloat:
			v.float = stmt.ColumnFloat(i)
			d.encoded = appendHeader(d.encoded, classReal, 8)
			d.encoded = binary.BigEndian.AppendUint64(d.encoded, math.Float64bits(v.float))
		case sqlite.TypeText:
			d.encodeBytes(stmt, i, classText)
		case sqlite.TypeBlob:
			d.encodeBytes(stmt, i, classBlob)
		case sqlite.TypeNull:
			d.encoded = appendHeader(d.encoded, classNull, 0)
		}
	}
}

func (d *decoder) encodeBytes(stmt *sqlite.Stmt, column int, class byte) {
	n := stmt.ColumnLen(column) // makes it UTF-8 first, where it is not
	d.encoded = slices.Grow(appendHeader(d.encoded, class, n), n)
	v := &d.values[column]
	v.start, v.end = len(d.encoded), len(d.encoded)+n
	d.encoded = d.encoded[:v.end]
	stmt.ColumnBytes(column, d.encoded[v.start:])
}

func appendHeader(b []byte, class byte, length int) []byte {
	return binary.BigEndian.AppendUint32(append(b, class), uint32(length)) // SQLite's limit is below 2^31
}

// hash is the event_uid of the encoded row: the first 16 bytes of its SHA-256,
// in hex.
func (d *decoder) hash() (digits [2 * uidSize]byte) {
	sum := sha256.Sum256(d.encoded)
	hex.Encode(digits[:], sum[:uidSize])
	return digits
}
