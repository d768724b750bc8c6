// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"
)

// group is what goes to the same target, in the order it came.
type group struct {
	target    target
	resources []resourceRows
}

// resourceRows is the records of one resource.
type resourceRows struct {
	logs  plog.ResourceLogs
	first int // index of its first record in what was consumed
}

// all goes through the records with their index.
func (r resourceRows) all() iter.Seq2[int, plog.LogRecord] {
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

// groups sorts the resources by target, so that one rule's trouble does not
// hold up another's rows.
func (d *delivery) groups(ctx context.Context, logs plog.Logs) []group {
	var groups []group
	places := map[target]int{}
	first := 0
	for _, resource := range logs.ResourceLogs().All() {
		rows := resourceRows{resource, first}
		for _, scope := range resource.ScopeLogs().All() {
			first += scope.LogRecords().Len()
		}
		t, err := d.target().forResource(resource.Resource())
		if err != nil {
			d.dropUnaddressed(ctx, rows, err)
			continue
		}
		place, ok := places[t]
		if !ok {
			place = len(groups)
			places[t] = place
			groups = append(groups, group{target: t})
		}
		groups[place].resources = append(groups[place].resources, rows)
	}
	return groups
}
