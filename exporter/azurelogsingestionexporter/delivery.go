// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/pdata/plog"
)

// How many rows the service may refuse one after another before the delivery stops.
// With that many, the rule is the cause and not the rows, and every refused row costs
// several requests.
const (
	maxConsecutiveRefusals = 100
	// maxRefusalsWithoutRetry is the same where `retry_on_failure` is disabled, as the
	// caller then decides what to send again.
	maxRefusalsWithoutRetry = 8
)

// rowState is what became of a row.
type rowState byte

const (
	rowPending rowState = iota
	rowAccepted
	rowRefused
)

// delivery sends the records of one call to the service. It is for one
// goroutine.
type delivery struct {
	*logsExporter
	states []rowState // by record index
	counts [rowRefused + 1]int

	tooLarge            int        // of the refused
	firstRefused        int        // the lowest index of a refused row; meaningful if there is one
	consecutiveRefusals int        // rows refused one by one since the last accepted row
	lastRefusal         error      // why the last row was refused
	failures            []*failure // why rows are pending, one for each target
}

func (e *logsExporter) newDelivery(rows int) *delivery {
	d := &delivery{logsExporter: e, states: make([]rowState, rows), firstRefused: rows}
	d.counts[rowPending] = rows
	return d
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
			d.refuseInvalidTarget(ctx, rows, err)
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

// send sends the rows of some resources to their target. It stops at the first
// failure that calls for a later retry.
func (d *delivery) send(ctx context.Context, t target, resources []resourceRows) {
	b := getRequestBuffer()
	defer b.release()
	f := d.fillAndPost(ctx, t, b, resources)
	if f == nil {
		return
	}
	d.failures = append(d.failures, f)
	concernsRows := d.concernsRows(ctx, f)
	switch {
	case ctx.Err() != nil: // the caller canceled, which says nothing about the service
	case concernsRows:
		d.health.ok(t)
	default:
		d.health.failed(f)
	}
}

// concernsRows reports whether a failure says something of the rows and nothing of the
// service, so that the status need not change: on a source without new records, it would
// stay until the next one is accepted. That is so where the caller, who retries, has to
// find out which rows are refused. A single row that gets an answer that is not about
// rows, as from a firewall that dislikes a user agent, is compared with a request
// without rows.
func (d *delivery) concernsRows(ctx context.Context, f *failure) bool {
	switch {
	case d.config.BackOffConfig.Enabled, f.status == 0 && f.class != classContent, f.class == classBusy:
		return false
	case f.class == classContent:
		return true
	case len(d.states) > 1:
		return false
	}
	_, empty := d.client.post(ctx, f.target, noRows)
	return empty == nil
}

func (d *delivery) fillAndPost(ctx context.Context, t target, b *requestBuffer, resources []resourceRows) *failure {
	for _, r := range resources {
		for index, record := range r.records() {
			b.appendRow(record, index)
			if b.fits() {
				continue
			}
			if f := d.postAllButLast(ctx, t, b); f != nil {
				return f
			}
		}
	}
	if len(b.rows) == 0 {
		return nil
	}
	return d.post(ctx, t, b, 0, len(b.rows))
}

// postAllButLast sends the rows before the last one, which did not fit. It keeps
// the last row in the buffer, or refuses it if it is too large for any request.
func (d *delivery) postAllButLast(ctx context.Context, t target, b *requestBuffer) *failure {
	if n := len(b.rows) - 1; n > 0 {
		if f := d.post(ctx, t, b, 0, n); f != nil {
			return f
		}
		b.resetToLast()
	}
	if !b.fits() {
		size := b.rows[0].end - b.rows[0].start
		d.refuse(ctx, reasonTooLarge, fmt.Errorf("%s: the row has %d bytes, above the limit of %d for a request", t, size, maxRequestBytes), b.rows)
		b.reset()
	}
	return nil
}

// post sends the rows in [from, to). Where the service refuses the request
// because of its content, post splits it in halves until each row is accepted or
// refused. A failure is returned if the remaining rows must be retried later.
func (d *delivery) post(ctx context.Context, t target, b *requestBuffer, from, to int) *failure {
	if d.consecutiveRefusals >= d.maxRefusals() {
		return d.tooManyRefusals(t)
	}
	reusable, f := d.client.post(ctx, t, b.jsonArray(from, to))
	if !reusable {
		b.detach()
	}
	switch {
	case f == nil:
		d.accept(ctx, t, b.rows[from:to])
		return nil
	case f.reaction == retryRows:
		return f
	case to-from > 1:
		middle := from + (to-from)/2
		if f := d.post(ctx, t, b, from, middle); f != nil {
			return f
		}
		return d.post(ctx, t, b, middle, to)
	}
	d.consecutiveRefusals++
	reason := reasonRefused
	if f.tooLarge() {
		reason = reasonTooLarge
	}
	d.refuse(ctx, reason, f, b.rows[from:to])
	return nil
}

func (d *delivery) maxRefusals() int {
	if d.config.BackOffConfig.Enabled {
		return maxConsecutiveRefusals
	}
	return maxRefusalsWithoutRetry
}

func (d *delivery) tooManyRefusals(t target) *failure {
	return &failure{target: t, reaction: retryRows, class: classContent, code: "refused", message: fmt.Sprintf(
		"the service refused %d consecutive rows, so the data collection rule may be broken; the remaining rows are not sent now; last error: %v", d.consecutiveRefusals, d.lastRefusal)}
}

func (d *delivery) accept(ctx context.Context, t target, rows []row) {
	d.consecutiveRefusals = 0
	d.mark(rows, rowAccepted)
	d.telemetry.accepted(ctx, rows)
	d.health.ok(t)
}

// refuse counts rows that the service refuses, or that cannot be sent. They are
// logged where the caller may not learn of them: with `retry_on_failure`, an error
// for other rows of the call takes precedence.
func (d *delivery) refuse(ctx context.Context, reason dropReason, err error, rows []row) {
	if len(rows) == 0 {
		return
	}
	d.lastRefusal = err
	d.firstRefused = min(d.firstRefused, rows[0].index)
	if reason == reasonTooLarge {
		d.tooLarge += len(rows)
	}
	d.mark(rows, rowRefused)
	d.telemetry.dropped(ctx, reason, len(rows))
	if d.config.BackOffConfig.Enabled {
		logDropped(d.logger, reason, err, rows)
	}
}

func (d *delivery) mark(rows []row, state rowState) {
	for i := range rows {
		d.states[rows[i].index] = state
	}
	d.counts[rowPending] -= len(rows)
	d.counts[state] += len(rows)
}

// refuseInvalidTarget refuses the rows of a resource whose attributes name an
// invalid rule or stream.
func (d *delivery) refuseInvalidTarget(ctx context.Context, r resourceRows, err error) {
	var rows []row
	for index, record := range r.records() {
		rows = append(rows, row{record: record, index: index})
	}
	d.refuse(ctx, reasonInvalidTarget, err, rows)
}

// copyOf copies the records in one of some states, with their resources and scopes.
func (d *delivery) copyOf(logs plog.Logs, states ...rowState) plog.Logs {
	rest := plog.NewLogs()
	index := 0
	for _, from := range logs.ResourceLogs().All() {
		resource := plog.NewResourceLogs()
		for _, fromScope := range from.ScopeLogs().All() {
			scope := plog.NewScopeLogs()
			for _, record := range fromScope.LogRecords().All() {
				if slices.Contains(states, d.states[index]) {
					record.CopyTo(scope.LogRecords().AppendEmpty())
				}
				index++
			}
			if scope.LogRecords().Len() > 0 {
				fromScope.Scope().CopyTo(scope.Scope())
				scope.SetSchemaUrl(fromScope.SchemaUrl())
				scope.MoveTo(resource.ScopeLogs().AppendEmpty())
			}
		}
		if resource.ScopeLogs().Len() > 0 {
			from.Resource().CopyTo(resource.Resource())
			resource.SetSchemaUrl(from.SchemaUrl())
			resource.MoveTo(rest.ResourceLogs().AppendEmpty())
		}
	}
	return rest
}
