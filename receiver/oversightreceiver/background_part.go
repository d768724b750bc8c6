// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
)

// background is the digests of the rows that were delivered, and where their check
// continues. The zero value keeps none: rows are looked at again only with a storage.
type background struct {
	logger     *zap.Logger
	enabled    bool
	registryID string

	check *recheck.Check // nil until open, and if not enabled
	// saved is what load found; nil: nothing usable.
	saved *checkpoint.Background
	pages map[int64]*checkpoint.DigestPage
	stale map[int64]bool // numbers of pages to be deleted by the next save
}

// errDigests says that the digests in a checkpoint are of no use.
var errDigests = errors.New("the digests of delivered rows are damaged")

// load reads what was saved. Damaged digests begin anew: no row depends on them.
func (b *background) load(ctx context.Context, get getter) error {
	if !b.enabled {
		return nil
	}
	b.check, b.saved, b.pages, b.stale = nil, nil, map[int64]*checkpoint.DigestPage{}, map[int64]bool{}
	data, err := get(ctx, checkpoint.BackgroundKey)
	if err != nil || data == nil {
		return err
	}
	saved, err := checkpoint.DecodeBackground(data)
	if err == nil {
		err = b.loadPages(ctx, get, min(saved.Pages, recheck.MaxPages))
	}
	switch {
	case err == nil:
		b.saved = &saved
	case errors.Is(err, checkpoint.ErrDamaged):
		b.logBegin(fmt.Errorf("%w: %w", errDigests, err))
		b.deletePages(recheck.MaxPages)
		return nil
	}
	return err
}

func (b *background) loadPages(ctx context.Context, get getter, n int64) error {
	for number := range n {
		data, err := get(ctx, checkpoint.PageKey(checkpoint.BackgroundPrefix, number))
		if err != nil {
			return err
		}
		if data == nil {
			continue // no rows
		}
		page, err := checkpoint.DecodeDigestPage(data)
		if err != nil {
			return err
		}
		b.pages[number] = &page
	}
	return nil
}

func (b *background) deletePages(n int64) {
	for number := range n {
		b.stale[number] = true
	}
}

// open begins, or continues from what load found, when the rows up to lastID have been
// delivered.
func (b *background) open(lastID int64, now time.Time) {
	if !b.enabled {
		return
	}
	if b.saved != nil {
		check, err := recheck.Restore(*b.saved, b.pages, b.registryID, lastID)
		if err == nil {
			b.check = check
			return
		}
		b.logBegin(err)
		b.deletePages(b.saved.Pages)
	}
	b.begin(lastID, now)
}

func (b *background) logBegin(err error) {
	b.logger.Warn("The digests of delivered rows begin anew: changes to these rows before the next look at them are not detected", zap.Error(err))
}

func (b *background) begin(lastID int64, now time.Time) {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	b.saved, b.pages = nil, nil
	b.check = recheck.New(key, b.registryID, lastID, now)
}

// restart forgets all rows: they are another database's, or are delivered again.
func (b *background) restart(now time.Time) {
	if b.check == nil {
		return
	}
	b.check.Pages(func(number int64) { b.stale[number] = true })
	b.begin(0, now)
}

// add adds rows that were delivered, in the order of their ids.
func (b *background) add(events []event) {
	if b.check == nil {
		return
	}
	for i := range events {
		b.check.Add(events[i].ID, events[i].UID)
	}
}

// goBack forgets rows that the database lost, those behind an id.
func (b *background) goBack(lastID int64, gone []checkpoint.Row) {
	if b.check != nil {
		b.check.GoBack(lastID, gone)
	}
}

func (b *background) changes() (all []*storage.Operation, err error) {
	if b.check == nil {
		return nil, nil
	}
	changed := map[int64]bool{}
	state, ok := b.check.Changed(func(number int64, page *checkpoint.DigestPage) {
		key := checkpoint.PageKey(checkpoint.BackgroundPrefix, number)
		changed[number] = true
		if page == nil {
			all = append(all, storage.DeleteOperation(key))
			return
		}
		all = append(all, storage.SetOperation(key, page.Encode()))
	})
	for number := range b.stale {
		if !changed[number] {
			all = append(all, storage.DeleteOperation(checkpoint.PageKey(checkpoint.BackgroundPrefix, number)))
		}
	}
	if !ok {
		return all, nil
	}
	data, err := state.Encode()
	return append(all, storage.SetOperation(checkpoint.BackgroundKey, data)), err
}

func (b *background) markSaved() {
	if b.check != nil {
		b.check.Saved()
		clear(b.stale)
	}
}
