// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"
)

// maxRefused is how many rows in a row the service may refuse one by one before
// the rest of the delivery is put off. With that many the rule is to blame
// rather than the rows, and every one of them costs requests.
const maxRefused = 100

// delivery is one call's rows on their way to the service.
type delivery struct {
	*logsExporter
	settled []bool // by index: the row was accepted or dropped
	open    int    // rows that are not settled

	accepted int
	refused  int        // rows refused one by one since the last one was accepted
	last     error      // why the last row was dropped
	failures []*failure // why rows are not settled, one for each target
}

func (e *logsExporter) newDelivery(rows int) *delivery {
	return &delivery{logsExporter: e, settled: make([]bool, rows), open: rows}
}

// send sends the rows of some resources to their target, up to the first
// failure that only time can mend.
func (d *delivery) send(ctx context.Context, t target, resources []resourceRows) {
	b := getBatch()
	defer b.release()
	f := d.fillAndPost(ctx, t, b, resources)
	switch {
	case f == nil:
		return
	case ctx.Err() == nil: // else the failure is ours
		d.health.failed(f)
	}
	d.failures = append(d.failures, f)
}

func (d *delivery) fillAndPost(ctx context.Context, t target, b *batch, resources []resourceRows) *failure {
	for _, r := range resources {
		for index, record := range r.all() {
			b.add(record, index)
			if b.fits() {
				continue
			}
			if f := d.flushBeforeLast(ctx, t, b); f != nil {
				return f
			}
		}
	}
	if len(b.rows) == 0 {
		return nil
	}
	return d.post(ctx, t, b, 0, len(b.rows))
}

// flushBeforeLast sends what fits, and keeps the row that was one too many, if
// that fits by itself.
func (d *delivery) flushBeforeLast(ctx context.Context, t target, b *batch) *failure {
	if n := len(b.rows) - 1; n > 0 {
		if f := d.post(ctx, t, b, 0, n); f != nil {
			return f
		}
		b.keepLast()
	}
	if !b.fits() {
		size := b.rows[0].end - b.rows[0].start
		d.drop(ctx, reasonTooLarge, fmt.Errorf("%s: the row has %d bytes, and a request %d at most", t, size, maxRequest), b.rows)
		b.reset()
	}
	return nil
}

// post sends the rows from one to before another, and less and less of them
// where the service asks for that, until each is settled. The failure is what
// only time can mend.
func (d *delivery) post(ctx context.Context, t target, b *batch, from, to int) *failure {
	if d.refused >= maxRefused {
		return d.tooManyRefused(t)
	}
	reusable, f := d.client.post(ctx, t, b.array(from, to))
	if !reusable {
		b.leave()
	}
	switch {
	case f == nil:
		d.accept(ctx, t, b.rows[from:to])
		return nil
	case f.reaction == tryAgain:
		return f
	case f.reaction == sendLess && to-from > 1:
		middle := from + (to-from)/2
		if f := d.post(ctx, t, b, from, middle); f != nil {
			return f
		}
		return d.post(ctx, t, b, middle, to)
	}
	d.refuse(ctx, f, b.rows[from:to])
	return nil
}

func (d *delivery) tooManyRefused(t target) *failure {
	return &failure{target: t, reaction: tryAgain, code: "refused", message: fmt.Sprintf(
		"the service refused %d rows one after another: the others are tried again later, last refusal: %v", d.refused, d.last)}
}

func (d *delivery) accept(ctx context.Context, t target, rows []row) {
	d.refused = 0
	d.accepted += len(rows)
	d.settle(rows)
	d.telemetry.accepted(ctx, rows)
	d.health.ok(t)
}

// refuse drops rows that the service never takes.
func (d *delivery) refuse(ctx context.Context, f *failure, rows []row) {
	if f.reaction == sendLess {
		d.refused++
	}
	reason := reasonRefused
	if f.tooLarge() {
		reason = reasonTooLarge
	}
	d.drop(ctx, reason, f, rows)
}

func (d *delivery) drop(ctx context.Context, reason dropReason, err error, rows []row) {
	d.last = err
	d.settle(rows)
	d.telemetry.dropped(ctx, reason, len(rows))
	logDropped(d.logger, reason, err, rows)
}

func (d *delivery) settle(rows []row) {
	for i := range rows {
		d.settled[rows[i].index] = true
	}
	d.open -= len(rows)
}

// dropUnaddressed drops the rows of a resource without a possible target.
func (d *delivery) dropUnaddressed(ctx context.Context, r resourceRows, err error) {
	var rows []row
	for index, record := range r.all() {
		rows = append(rows, row{record: record, index: index})
	}
	d.drop(ctx, reasonInvalidTarget, err, rows)
}

// remainder is a copy of the records that are not settled.
func (d *delivery) remainder(logs plog.Logs) plog.Logs {
	rest := plog.NewLogs()
	index := 0
	for _, from := range logs.ResourceLogs().All() {
		resource := plog.NewResourceLogs()
		for _, fromScope := range from.ScopeLogs().All() {
			scope := plog.NewScopeLogs()
			for _, record := range fromScope.LogRecords().All() {
				if !d.settled[index] {
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
