// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "encoding/json"

const (
	// MaxOutbox bounds the records in the outbox.
	MaxOutbox = 1000
	// MaxOutboxBytes bounds their size together.
	MaxOutboxBytes = 1 << 20
	// MaxRecord bounds one of them.
	MaxRecord = 64 << 10

	maxQueue = 4 << 10
)

// Queue says which records are in the outbox: the numbers from First to before
// Next. A record is written and deleted under its own key.
type Queue struct {
	First int64 `json:"first"`
	Next  int64 `json:"next"`
	// Bytes is the size of all records together.
	Bytes int64 `json:"bytes"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Encode returns the value of [OutboxKey].
func (q *Queue) Encode() ([]byte, error) { return encodeObject(q, q.Extra, maxQueue) }

// DecodeQueue reads the value of [OutboxKey].
func DecodeQueue(data []byte) (Queue, error) {
	var q Queue
	var err error
	if q.Extra, err = decodeObject(data, &q, maxQueue); err != nil {
		return Queue{}, err
	}
	if q.First < 0 || q.Next < q.First || q.Next-q.First > MaxOutbox || q.Bytes < 0 || q.Bytes > MaxOutboxBytes {
		return Queue{}, damaged("invalid queue: records %d to %d, %d bytes", q.First, q.Next, q.Bytes)
	}
	return q, nil
}

// Record is a log record that no row of the database stands for, such as a
// finding. It is written in the transaction that moves the cursor.
type Record struct {
	// EventName is that of the log record, such as oversight.integrity.
	EventName string `json:"event_name"`
	// UID is the log.record.uid.
	UID string `json:"uid"`
	// Data is the record, in a form that its kind decides.
	Data json.RawMessage `json:"data"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Encode returns the value of a record under [OutboxPrefix].
func (r *Record) Encode() ([]byte, error) { return encodeObject(r, r.Extra, MaxRecord) }

// DecodeRecord reads such a value.
func DecodeRecord(data []byte) (Record, error) {
	var r Record
	var err error
	if r.Extra, err = decodeObject(data, &r, MaxRecord); err != nil {
		return Record{}, err
	}
	if r.EventName == "" || r.UID == "" || len(r.Data) == 0 {
		return Record{}, damaged("a record without name, uid or data")
	}
	return r, nil
}
