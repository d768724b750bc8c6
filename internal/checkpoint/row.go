// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"encoding/binary"
	"encoding/hex"
)

// UIDSize is the size of a log.record.uid, in bytes.
const UIDSize = 16

// rowSize is the size of an encoded Row: the id, big-endian, and the uid.
const rowSize = 8 + UIDSize

// Row names a row. An id alone does not: after a restored backup or a power
// failure a registry hands the same ids out again.
type Row struct {
	// ID is above 0.
	ID int64
	// UID is the log.record.uid of the row.
	UID [UIDSize]byte
}

// NewRow is the row with an id and the hex digits of its log.record.uid. ok is
// false if these are not 32.
func NewRow(id int64, uid string) (row Row, ok bool) {
	if len(uid) != 2*UIDSize {
		return Row{}, false
	}
	row.ID = id
	_, err := hex.AppendDecode(row.UID[:0], []byte(uid))
	return row, err == nil
}

func (r Row) append(data []byte) []byte {
	return append(binary.BigEndian.AppendUint64(data, uint64(r.ID)), r.UID[:]...) //nolint:gosec // ids of any sign survive the round trip
}

func rowAt(data []byte) (r Row) {
	r.ID = int64(binary.BigEndian.Uint64(data)) //nolint:gosec // the other way round
	copy(r.UID[:], data[8:])
	return r
}

// MaxDoneAhead bounds the rows that may be delivered ahead of the cursor.
const MaxDoneAhead = 1024

// EncodeRows returns the value of [DoneAheadKey]: rows in the order of their ids,
// each once, from one to [MaxDoneAhead]. Where there are none, the key is deleted.
func EncodeRows(rows []Row) ([]byte, error) {
	data := make([]byte, 0, len(rows)*rowSize+sumSize)
	for _, row := range rows {
		data = row.append(data)
	}
	if err := checkRows(rows); err != nil {
		return nil, err
	}
	return appendSum(data), nil
}

// DecodeRows reads the value of [DoneAheadKey].
func DecodeRows(data []byte) ([]Row, error) {
	data, err := cutSum(data)
	if err != nil {
		return nil, err
	}
	if len(data)%rowSize != 0 {
		return nil, damaged("%d bytes, not a multiple of %d", len(data), rowSize)
	}
	rows := make([]Row, 0, len(data)/rowSize)
	for ; len(data) > 0; data = data[rowSize:] {
		rows = append(rows, rowAt(data))
	}
	return rows, checkRows(rows)
}

func checkRows(rows []Row) error {
	if len(rows) < 1 || len(rows) > MaxDoneAhead {
		return damaged("%d rows, from 1 to %d are allowed", len(rows), MaxDoneAhead)
	}
	last := int64(0)
	for _, row := range rows {
		if row.ID <= last {
			return damaged("id %d after id %d", row.ID, last)
		}
		last = row.ID
	}
	return nil
}
