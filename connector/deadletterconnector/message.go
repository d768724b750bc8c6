// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

const (
	// sendGrace is how long a request that has begun may take after the call's context
	// has ended: what a destination has accepted by then need not be sent again.
	sendGrace = 500 * time.Millisecond
	// abandonAfter is when a call returns without the pipelines that do not.
	abandonAfter = 900 * time.Millisecond
)

// message is what one call of the connector got. It is safe for concurrent use.
type message struct {
	// ctx ends with the call's, and when the connector is shut down: nothing is sent
	// after that.
	ctx context.Context
	// sendCtx is that of requests. It ends a little later.
	sendCtx context.Context
	// abandoned ends the call without its requests.
	abandoned chan struct{}
	stop      []func()

	mu    sync.RWMutex
	logs  plog.Logs // of the caller, until ended
	ended bool
}

func newMessage(ctx, shutdown context.Context, logs plog.Logs) *message {
	m := &message{logs: logs, abandoned: make(chan struct{})}
	callCtx, cancelCall := context.WithCancel(ctx)
	sendCtx, cancelSend := context.WithCancel(context.WithoutCancel(ctx))
	m.ctx, m.sendCtx = callCtx, sendCtx
	stopShutdown := context.AfterFunc(shutdown, cancelCall)
	stopGrace := context.AfterFunc(callCtx, func() {
		grace := time.NewTimer(sendGrace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancelSend()
		case <-sendCtx.Done():
			return
		}
		time.AfterFunc(abandonAfter-sendGrace, func() { close(m.abandoned) })
	})
	m.stop = []func(){func() { stopShutdown() }, func() { stopGrace() }, cancelSend, cancelCall}
	return m
}

// end says that the call returns: the logs are the caller's again.
func (m *message) end() {
	for _, stop := range m.stop {
		stop()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
}

// read calls f with the logs, unless the call has returned.
func (m *message) read(f func(plog.Logs)) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.ended {
		return false
	}
	f(m.logs)
	return true
}

// copyAll returns a copy of the logs. ok is false if the call has returned.
func (m *message) copyAll() (copied plog.Logs, ok bool) {
	copied = plog.NewLogs()
	return copied, m.read(func(logs plog.Logs) { logs.CopyTo(copied) })
}

// copyRecords returns a copy of the logs with only those records, in their order.
func (m *message) copyRecords(records []*record) (copied plog.Logs, ok bool) {
	return copied, m.read(func(logs plog.Logs) { copied = selectRecords(logs, records) })
}

// record is the place of a log record in a message, for one target.
type record struct {
	job                    *job
	uid                    string
	resource, scope, index int
	// number is that in the message, from 0 on.
	number int
	// done says that it was accepted, or is in the refused pipelines, or kept.
	done bool
	lone loneRefusals
	// keptID is that in the storage, if it may be there.
	keptID string
}

// fields are what names the record in the log.
func (r *record) fields() (fields []zap.Field) {
	if r.uid[0] != 0 {
		fields = append(fields, zap.String("uid", r.uid))
	}
	if p, ok := positionOf(r.job.message.sendCtx); ok {
		fields = append(fields, p.fields()...)
	}
	return fields
}

const attributeUID = "log.record.uid"

// lastID is that of the last record without a uid of its own.
var lastID atomic.Uint64

// records returns the records of a message in their order. What identifies one is its
// log.record.uid, by which errors name what was accepted, if no other record of the
// message has it.
func (m *message) records(j *job) (records []*record, ok bool) {
	ok = m.read(func(logs plog.Logs) {
		count := logs.LogRecordCount()
		records = make([]*record, 0, count)
		all := make([]record, count)
		for r, resource := range logs.ResourceLogs().All() {
			for s, scope := range resource.ScopeLogs().All() {
				for i, logRecord := range scope.LogRecords().All() {
					next := &all[len(records)]
					*next = record{job: j, resource: r, scope: s, index: i, number: len(records)}
					if uid, ok := logRecord.Attributes().Get(attributeUID); ok {
						next.uid = uid.AsString()
					}
					records = append(records, next)
				}
			}
		}
	})
	identify(records)
	return records, ok
}

// identify gives an id to records whose uid does not identify them.
func identify(records []*record) {
	count := make(map[string]int, len(records))
	for _, r := range records {
		count[r.uid]++
	}
	for _, r := range records {
		if r.uid == "" || r.uid[0] == 0 || count[r.uid] > 1 {
			r.uid = "\x00" + strconv.FormatUint(lastID.Add(1), 10)
		}
	}
}

// selectRecords returns a copy of logs with only those records, in their order, and
// their resources and scopes.
func selectRecords(logs plog.Logs, records []*record) plog.Logs {
	selected := plog.NewLogs()
	var resource plog.ResourceLogs
	var scope plog.ScopeLogs
	lastResource, lastScope := -1, -1
	for _, r := range records {
		from := logs.ResourceLogs().At(r.resource)
		if r.resource != lastResource {
			resource = selected.ResourceLogs().AppendEmpty()
			from.Resource().CopyTo(resource.Resource())
			resource.SetSchemaUrl(from.SchemaUrl())
			lastResource, lastScope = r.resource, -1
		}
		fromScope := from.ScopeLogs().At(r.scope)
		if r.scope != lastScope {
			scope = resource.ScopeLogs().AppendEmpty()
			fromScope.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(fromScope.SchemaUrl())
			lastScope = r.scope
		}
		fromScope.LogRecords().At(r.index).CopyTo(scope.LogRecords().AppendEmpty())
	}
	return selected
}
