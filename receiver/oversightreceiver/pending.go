// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// pending is the rows behind the cursor that were read and are not all passed yet.
// They are not read again: a row stays here until it has been passed, even if it is
// deleted from the table meanwhile.
type pending struct {
	events []event
	next   registry.Cursor // behind the last of them

	// rows are the events that are to be delivered. If filtered is set, at are their
	// indexes in events; otherwise they are the first events.
	rows     []event
	at       []int
	filtered bool
	// distant is set if the last of rows is not one of events, but from behind them.
	distant bool
}

// set replaces the events by a batch.
func (p *pending) set(batch registry.Batch) {
	*p = pending{events: batch.Events, next: batch.Next, at: p.at[:0]}
}

// extend adds the batch that follows.
func (p *pending) extend(batch registry.Batch) {
	p.events = append(p.events[:len(p.events):len(p.events)], batch.Events...)
	p.next = batch.Next
}

// empty reports whether all events have been passed.
func (p *pending) empty() bool { return len(p.events) == 0 }

// memory is how many bytes the texts of the events take.
func (p *pending) memory() (bytes int) {
	for i := range p.events {
		e := &p.events[i]
		bytes += len(e.TokenID) + len(e.FileID) + len(e.RecipientID) + len(e.IssuerID) + len(e.Kind) +
			len(e.SourceIP) + len(e.UserAgent) + len(e.QuestionName) + len(e.Extra) + len(e.QualifiedTimestamp)
	}
	return bytes
}

// last is the id of the last event.
func (p *pending) last() int64 { return p.events[len(p.events)-1].ID }

// filter sets rows to the events that are wanted; nil: all are.
func (p *pending) filter(wanted func(*event) bool) {
	p.rows, p.at, p.filtered, p.distant = p.events, p.at[:0], false, false
	if wanted == nil {
		return
	}
	for i := range p.events {
		if wanted(&p.events[i]) {
			p.at = append(p.at, i)
		}
	}
	if len(p.at) == len(p.events) {
		return
	}
	p.filtered = true
	p.rows = make([]event, 0, len(p.at)+1)
	for _, i := range p.at {
		p.rows = append(p.rows, p.events[i])
	}
}

// limit keeps the first rows whose sizes together are at most a budget, and at least
// one.
func (p *pending) limit(budget int, size func(*event) int) {
	for i := range p.rows {
		if budget -= size(&p.rows[i]); budget < 0 && i > 0 {
			p.rows = p.rows[:i]
			return
		}
	}
}

// addDistant adds a row that is not one of events, and behind them.
func (p *pending) addDistant(row event) {
	p.rows = append(p.rows[:len(p.rows):len(p.rows)], row)
	p.distant = true
}

// passed returns how many of so many rows, the first, are among events: the distant
// one is not, and is done ahead.
func (p *pending) passed(rows int) int {
	if p.distant && rows == len(p.rows) {
		return rows - 1
	}
	return rows
}

// position returns how many of the events are passed with so many of the rows: those
// that are not wanted are passed with the row in front of them, and in front of the
// first row with no row at all.
func (p *pending) position(rows int) int {
	switch {
	case !p.filtered:
		return rows
	case rows < len(p.at):
		return p.at[rows]
	default:
		return len(p.events)
	}
}

// cursor is the position behind so many of the events, at least one.
func (p *pending) cursor(events int) registry.Cursor {
	if events == len(p.events) {
		return p.next
	}
	last := &p.events[events-1]
	// A cursor may be kept for long. The clone does not keep the texts of its batch in memory.
	return registry.Cursor{ID: last.ID, UID: strings.Clone(last.UID), RegistryID: last.RegistryID}
}

// pass removes the first events.
func (p *pending) pass(events int) {
	p.events = p.events[events:]
	p.rows, p.at, p.filtered = nil, p.at[:0], false
}
