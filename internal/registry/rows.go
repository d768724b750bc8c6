// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// page is consecutive rows.
type page struct {
	events []translator.Event
	last   int64 // the key of the last row that was read; that before the page, if none was
	more   bool  // a limit was reached
	// repeated is an id that several rows have, of which one is in the page; 0 for
	// none.
	repeated int64
	// future is the id of a row whose timestamp is in the future; 0 for none.
	future int64
}

// clockTolerance is how far ahead the clock of a registry may be.
const clockTolerance = 24 * time.Hour

// selection is the rows of which a page has events. The zero value selects all.
type selection struct {
	limits *Range // of their timestamps; nil: none
	last   int64  // the highest key, if limits is set
}

// pageReader reads a page.
type pageReader struct {
	*Reader
	conn     *livedb.Conn
	queries  *queries
	selected selection
	maxRows  int
	limit    batchLimit
	now      time.Time
	seen     int
	latest   time.Time // timestamps after it are in the future
	page     page
}

// rows reads the rows with keys above after, at most maxRows, and appends the
// events of those that are selected.
func (r *Reader) rows(conn *livedb.Conn, q *queries, after int64, maxRows int, selected selection, into []translator.Event) (page, error) {
	p := pageReader{
		Reader: r, conn: conn, queries: q, selected: selected, maxRows: maxRows, now: r.settings.Now().UTC(),
		latest: time.Now().Add(clockTolerance), page: page{events: into, last: after},
	}
	read := p.readInOrder
	if !q.byKey {
		read = p.readOneByOne
	}
	err := read()
	p.page.more = p.page.more || p.seen >= maxRows
	return p.page, err
}

// readInOrder reads with one query. At a row that is too large to be read at once, it
// stops, and goes on behind it.
func (p *pageReader) readInOrder() error {
	stmt, err := p.conn.Prepare(p.queries.rows)
	if err != nil {
		return err
	}
	defer stmt.Reset()
	p.bind(stmt)
	for {
		found, err := stmt.Step()
		if found {
			p.page.events, err = p.appendEvent(p.page.events, stmt, p.queries, p.now)
		}
		switch {
		case isLarge(err):
			_ = stmt.Reset() // frees SQLite's copies of the values
			if err := p.addLongAfter(p.page.last); err != nil || p.page.more || p.seen >= p.maxRows {
				return err
			}
			p.bind(stmt)
			continue
		case err != nil || !found:
			return err
		}
		key := p.page.events[len(p.page.events)-1].ID
		if p.queries.keyColumn > 0 {
			key = stmt.Column(p.queries.keyColumn).Int64()
		}
		if !p.admit(key) {
			return nil
		}
	}
}

// bind makes the query go on after the last row.
func (p *pageReader) bind(stmt *livedb.Stmt) {
	stmt.BindInt64(1, p.page.last)
	stmt.BindInt64(2, int64(p.maxRows-p.seen))
}

// readOneByOne reads in the order of keys that have no index: first the keys, so
// that nothing else is sorted.
func (p *pageReader) readOneByOne() error {
	keys, err := p.keysAfter(p.page.last, p.maxRows+1)
	if err != nil {
		return err
	}
	p.page.more = len(keys) > p.maxRows
	for i, key := range keys {
		if i > 0 && key == keys[i-1] {
			p.page.repeated = key
			continue
		}
		if p.seen == p.maxRows {
			return nil
		}
		before := len(p.page.events)
		if p.page.events, err = p.appendRow(p.conn, p.queries, key, p.page.events, p.now); err != nil {
			return err
		}
		if len(p.page.events) > before && !p.admit(key) {
			return nil
		}
	}
	return nil
}

// addLongAfter adds the event of the row after that key, which is too large to be read
// at once.
func (p *pageReader) addLongAfter(after int64) error {
	key, _, err := p.keyAfter(after)
	if err != nil {
		return err
	}
	p.page.events = append(p.page.events, translator.Event{RegistryID: p.settings.RegistryID, Observed: p.now})
	if err := p.decodeLong(p.conn, p.queries, key, &p.page.events[len(p.page.events)-1]); err != nil {
		return err
	}
	p.admit(key)
	return nil
}

// admit keeps the event that was added last if it is selected, and reports whether
// there is room for more.
func (p *pageReader) admit(key int64) bool {
	last := len(p.page.events) - 1
	switch limits := p.selected.limits; {
	case limits != nil && (key > p.selected.last || !limits.includes(p.decoder.timeKey())):
		p.page.events[last] = translator.Event{}
		p.page.events = p.page.events[:last]
	case !p.limit.admit(len(p.decoder.encoded)):
		p.page.events[last] = translator.Event{}
		p.page.events, p.page.more = p.page.events[:last], true
		return false
	}
	if last < len(p.page.events) && p.page.events[last].Timestamp.After(p.latest) {
		p.page.future = p.page.events[last].ID
	}
	p.page.last = key
	p.seen++
	return true
}

func (p *pageReader) keyAfter(after int64) (key int64, found bool, err error) {
	keys, err := p.keysAfter(after, 1)
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("no row follows %d, though one was read", after)
	}
	if err != nil {
		return 0, false, err
	}
	return keys[0], true, nil
}

func (p *pageReader) keysAfter(after int64, n int) ([]int64, error) {
	stmt, err := p.conn.Prepare(p.queries.keys)
	if err != nil {
		return nil, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, after)
	stmt.BindInt64(2, int64(n))
	var keys []int64
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return keys, err
		}
		keys = append(keys, stmt.Column(0).Int64())
	}
}

// appendRow appends the event of the row with that key, if there is one.
func (r *Reader) appendRow(conn *livedb.Conn, q *queries, key int64, events []translator.Event, now time.Time) ([]translator.Event, error) {
	stmt, err := conn.Prepare(q.row)
	if err != nil {
		return nil, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, key)
	found, err := stmt.Step()
	if found {
		events, err = r.appendEvent(events, stmt, q, now)
	}
	if !isLarge(err) {
		return events, err
	}
	_ = stmt.Reset() // frees SQLite's copies of the values
	events = append(events, translator.Event{RegistryID: r.settings.RegistryID, Observed: now})
	return events, r.decodeLong(conn, q, key, &events[len(events)-1])
}

// appendEvent appends the event of the statement's row, which was read now. It appends
// none, and returns errLargeRow, if the row is too large to be read at once.
func (r *Reader) appendEvent(events []translator.Event, stmt *livedb.Stmt, q *queries, now time.Time) ([]translator.Event, error) {
	events = append(events, translator.Event{RegistryID: r.settings.RegistryID, Observed: now})
	last := len(events) - 1
	if err := r.decoder.decode(stmt, &events[last], q.rowLimit()); err != nil {
		return events[:last], err
	}
	return events, nil
}

// rowsByKey reads rows one by one, until a batch is full, and returns how many keys
// it used. Rows that were pruned are skipped.
func (r *Reader) rowsByKey(conn *livedb.Conn, q *queries, keys []sortKey, events []translator.Event) (_ []translator.Event, used int, err error) {
	limit := batchLimit{}
	now := r.settings.Now().UTC()
	for i, key := range keys {
		before := len(events)
		if events, err = r.appendRow(conn, q, key.id, events, now); err != nil {
			return nil, 0, err
		}
		if len(events) > before && !limit.admit(len(r.decoder.encoded)) {
			events[before] = translator.Event{}
			return events[:before], i, nil
		}
	}
	return events, len(keys), nil
}
