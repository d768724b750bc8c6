// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Schema creates the events table. A registry has others beside it.
const Schema = `CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id TEXT NOT NULL,
    file_id TEXT, recipient_id TEXT, issuer_id TEXT,
    kind TEXT NOT NULL,
    source_ip TEXT, user_agent TEXT,
    extra TEXT,
    timestamp INTEGER NOT NULL,
    qualified_timestamp TEXT,
    tlog_index INTEGER
)`

// Insert inserts the [Row.Values] of a row.
const Insert = `INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp,
	qualified_timestamp, tlog_index) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// Row is a row of the events table without its id: the value of each column is a string,
// an int64, or nil for NULL.
type Row map[string]any

var rowColumns = []string{
	"token_id", "file_id", "recipient_id", "issuer_id", "kind", "source_ip", "user_agent", "extra", "timestamp", "qualified_timestamp", "tlog_index",
}

// Values returns the values for [Insert].
func (r Row) Values() []any {
	values := make([]any, len(rowColumns))
	for i, column := range rowColumns {
		values[i] = r[column]
	}
	return values
}

var eventColumns = translator.Columns()

// Event returns the event that a reader makes of the row, where each value has the type
// of its column. It has no id, no uid and no registry.
func (r Row) Event() translator.Event {
	var e translator.Event
	for i := range eventColumns {
		column := &eventColumns[i]
		switch value := r[column.Name].(type) {
		case string:
			if !utf8.ValidString(value) {
				panic(fmt.Sprintf("%s is not UTF-8: %q", column.Name, value))
			}
			if value != "" {
				column.SetText(&e, value)
			}
		case int64:
			if column.Type == translator.ColumnTime {
				e.Timestamp = time.Unix(value, 0).UTC()
			}
			column.SetInt(&e, value)
		}
	}
	return e
}
