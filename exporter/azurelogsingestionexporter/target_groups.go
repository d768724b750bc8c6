// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"
)

// targetGroup has the resources with the same target, in their order.
type targetGroup struct {
	target    target
	resources []resourceRows
}

// resourceRows has the records of one resource.
type resourceRows struct {
	logs  plog.ResourceLogs
	first int // index of its first record in the consumed logs
}

// records iterates over the records with their index in the consumed logs.
func (r resourceRows) records() iter.Seq2[int, plog.LogRecord] {
	return func(yield func(int, plog.LogRecord) bool) {
		index := r.first
		for _, scope := range r.logs.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if !yield(index, record) {
					return
				}
				index++
			}
		}
	}
}
