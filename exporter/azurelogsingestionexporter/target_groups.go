// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
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

// groupByTarget groups the resources by target, so that a failing rule does not
// delay the rows for another.
func (d *delivery) groupByTarget(ctx context.Context, logs plog.Logs) []targetGroup {
	var groups []targetGroup
	indexByTarget := map[target]int{}
	first := 0
	for _, resource := range logs.ResourceLogs().All() {
		rows := resourceRows{resource, first}
		for _, scope := range resource.ScopeLogs().All() {
			first += scope.LogRecords().Len()
		}
		t, err := d.target().forResource(resource.Resource())
		if err != nil {
			d.dropInvalidTarget(ctx, rows, err)
			continue
		}
		index, ok := indexByTarget[t]
		if !ok {
			index = len(groups)
			indexByTarget[t] = index
			groups = append(groups, targetGroup{target: t})
		}
		groups[index].resources = append(groups[index].resources, rows)
	}
	return groups
}
