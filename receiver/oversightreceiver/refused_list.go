// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// refusedList is events that a destination has not accepted whole: those in
// quarantine, or those that are owed. It is kept in pages, of which a save writes
// those that have changed.
type refusedList struct {
	key, prefix string // of the list, and of its pages
	limit       int    // events

	list    checkpoint.PageList
	pages   map[int64]*checkpoint.RefusedPage
	size    int            // events
	changed map[int64]bool // pages since the last save
	dirty   bool           // the list has changed since then
}

func newQuarantine() *refusedList {
	return &refusedList{key: checkpoint.QuarantineKey, prefix: checkpoint.QuarantinePrefix, limit: checkpoint.MaxQuarantine}
}

func newOwed() *refusedList {
	return &refusedList{key: checkpoint.OwedKey, prefix: checkpoint.OwedPrefix, limit: checkpoint.MaxOwed}
}

// load reads what was saved. The error matches [checkpoint.ErrDamaged] if it is
// damaged.
func (l *refusedList) load(ctx context.Context, get getter) error {
	l.list, l.pages, l.size = checkpoint.PageList{}, map[int64]*checkpoint.RefusedPage{}, 0
	l.changed, l.dirty = map[int64]bool{}, false
	data, err := get(ctx, l.key)
	if err != nil || data == nil {
		return err
	}
	if l.list, err = checkpoint.DecodePageList(data); err != nil {
		return fmt.Errorf("checkpoint key %q: %w", l.key, err)
	}
	for _, number := range l.list.Pages {
		key := checkpoint.PageKey(l.prefix, number)
		data, err := get(ctx, key)
		if err != nil {
			return err
		}
		page, err := checkpoint.DecodeRefusedPage(data)
		if err != nil {
			return fmt.Errorf("checkpoint key %q: %w", key, err)
		}
		l.pages[number] = &page
		l.size += len(page.Events)
	}
	return nil
}

// all are the events, the oldest first.
func (l *refusedList) all() []checkpoint.Refused {
	events := make([]checkpoint.Refused, 0, l.size)
	for _, number := range l.list.Pages {
		events = append(events, l.pages[number].Events...)
	}
	return events
}

// full reports whether there is no room for another event.
func (l *refusedList) full() bool { return l.size >= l.limit }

// find returns the event with that id; nil for none.
func (l *refusedList) find(id int64) *checkpoint.Refused {
	page, i := l.locate(id)
	if i < 0 {
		return nil
	}
	return &l.pages[page].Events[i]
}

func (l *refusedList) locate(id int64) (page int64, index int) {
	for number, page := range l.pages {
		i := slices.IndexFunc(page.Events, func(e checkpoint.Refused) bool { return e.ID == id })
		if i >= 0 {
			return number, i
		}
	}
	return 0, -1
}

// add adds an event, in place of one with the same id.
func (l *refusedList) add(e checkpoint.Refused) {
	l.remove(e.ID)
	n := len(l.list.Pages)
	if n == 0 || len(l.pages[l.list.Pages[n-1]].Events) >= checkpoint.RefusedPageEntries {
		l.list.Pages = append(l.list.Pages, l.list.Next)
		l.pages[l.list.Next] = new(checkpoint.RefusedPage)
		l.list.Next++
		l.dirty = true
		n++
	}
	number := l.list.Pages[n-1]
	page := l.pages[number]
	page.Events = append(page.Events, e)
	l.changed[number] = true
	l.size++
}

// update changes an event that is there.
func (l *refusedList) update(id int64, change func(*checkpoint.Refused)) {
	if page, i := l.locate(id); i >= 0 {
		change(&l.pages[page].Events[i])
		l.changed[page] = true
	}
}

// remove removes an event, if it is there.
func (l *refusedList) remove(id int64) {
	number, i := l.locate(id)
	if i < 0 {
		return
	}
	page := l.pages[number]
	page.Events = slices.Delete(page.Events, i, i+1)
	l.changed[number] = true
	l.size--
	if len(page.Events) == 0 {
		delete(l.pages, number)
		l.list.Pages = slices.DeleteFunc(l.list.Pages, func(n int64) bool { return n == number })
		l.dirty = true
	}
}

// reset removes all events.
func (l *refusedList) reset() {
	for _, number := range l.list.Pages {
		l.changed[number] = true
	}
	clear(l.pages)
	l.list.Pages, l.size, l.dirty = nil, 0, true
}

func (l *refusedList) changes() ([]*storage.Operation, error) {
	var all []*storage.Operation
	for _, number := range slices.Sorted(maps.Keys(l.changed)) {
		key, page := checkpoint.PageKey(l.prefix, number), l.pages[number]
		if page == nil {
			all = append(all, storage.DeleteOperation(key))
			continue
		}
		data, err := page.Encode()
		if err != nil {
			return nil, fmt.Errorf("checkpoint key %q: %w", key, err)
		}
		all = append(all, storage.SetOperation(key, data))
	}
	if !l.dirty {
		return all, nil
	}
	// The list stays when it is empty: the numbers of its pages are not used again.
	data, err := l.list.Encode()
	return append(all, storage.SetOperation(l.key, data)), err
}

func (l *refusedList) markSaved() {
	clear(l.changed)
	l.dirty = false
}
