// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// eventColumns are the columns that rows are read from.
var eventColumns = translator.Columns()

// columns is the list of them in a SELECT.
var columns = selectList(eventColumns)

func selectList(columns []translator.Column) string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	return strings.Join(names, ", ")
}
