// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// uidSize is how much of the hash is kept, in bytes: with half of it, two equal
// uids are still unlikely among 2^60 events.
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

// headerSize is the size of what precedes the bytes of each column.
const headerSize = 1 + 4

// encode loads the statement's row. What is hashed comes first: the registry id and
// then the columns of the uid, each as its storage class (a byte), its length (4
// bytes, big-endian) and its bytes. These are text and blobs as they are, integers
// in decimal, reals as 8 bytes of IEEE 754, big-endian, and none for NULL. The other
// columns follow in the same form. None of this may change, nor may the columns of
// the uid: destinations recognize repeats by it.
//
// A row of more than limit bytes is an errLargeRow.
func (d *decoder) encode(stmt *livedb.Stmt, registryID string, limit int) error {
	b := appendBytes(d.encoded[:0], classText, registryID)
	for i := 0; i < len(d.values) && len(b) <= limit; i++ {
		b = d.values[i].encode(b, stmt.Column(i))
	}
	d.encoded = b
	if len(b) > limit {
		return errLargeRow
	}
	return nil
}

// encode appends the value of a column.
func (v *columnValue) encode(b []byte, column livedb.Value) []byte {
	v.class = column.Type()
	v.start = len(b) + headerSize
	switch v.class {
	case livedb.TypeInteger:
		v.int = column.Int64()
		var digits [20]byte
		b = appendBytes(b, classInteger, strconv.AppendInt(digits[:0], v.int, 10))
	case livedb.TypeFloat:
		b = binary.BigEndian.AppendUint64(appendHeader(b, classReal, 8), math.Float64bits(column.Float()))
		v.real = string(column.Text()) // last, since it converts the value
	case livedb.TypeText:
		b = appendBytes(b, classText, column.Text())
	case livedb.TypeBlob:
		b = appendBytes(b, classBlob, column.Blob())
	case livedb.TypeNull:
		b = appendHeader(b, classNull, 0)
	}
	v.end = len(b)
	return b
}

func appendBytes[T []byte | string](b []byte, class byte, bytes T) []byte {
	return append(appendHeader(b, class, len(bytes)), bytes...)
}

func appendHeader(b []byte, class byte, length int) []byte {
	return binary.BigEndian.AppendUint32(append(b, class), uint32(length)) //nolint:gosec // SQLite's limit is below 2^31
}

// hash is the uid of the encoded row: the first 16 bytes of its SHA-256,
// in hex.
func (d *decoder) hash() (digits [2 * uidSize]byte) {
	hashed := d.encoded[:d.values[d.uidColumns-1].end]
	sum := sha256.Sum256(hashed)
	hex.Encode(digits[:], sum[:uidSize])
	return digits
}
