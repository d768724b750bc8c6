// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import "github.com/oversight-protocol/oversight-otelcol/translator"

// eventColumns are the columns that rows are read from.
var eventColumns = translator.Columns()

// Columns that are read in ways of their own.
const (
	columnExtra     = "extra"
	columnTimestamp = "timestamp"
)

// timestampColumn is the index of timestamp in columns; -1 if it is not there.
func timestampColumn(columns []translator.Column) int {
	for i := range columns {
		if columns[i].Name == columnTimestamp {
			return i
		}
	}
	return -1
}
