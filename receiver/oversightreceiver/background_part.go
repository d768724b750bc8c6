// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// background is the fingerprints of the rows that were delivered, and where their check
// continues. The zero value keeps none: rows are looked at again only with a storage.
type background struct {
	logger     *zap.Logger
	enabled    bool
	registryID string

	get   getter
	check *recheck.Check // nil until open, and if not enabled
	// saved is what load found; nil: nothing, or with damaged, something of no use.
	saved   *checkpoint.Background
	damaged bool
	// endLogged is set when a line in the log says that not all rows have a fingerprint.
	endLogged bool
}

// load reads what was saved, except for the fingerprints themselves. A damaged state
// begins anew: no row depends on it.
func (b *background) load(ctx context.Context, get getter) error {
	if !b.enabled {
		return nil
	}
	b.get, b.check, b.saved, b.damaged = get, nil, nil, false
	data, err := get(ctx, checkpoint.BackgroundKey)
	if err != nil || data == nil {
		return err
	}
	saved, err := checkpoint.DecodeBackground(data)
	if err != nil {
		b.logBegin(err)
		b.damaged = true
		return nil
	}
	b.saved = &saved
	return nil
}

// Chunk implements [recheck.Storage].
func (b *background) Chunk(ctx context.Context, number int64) ([]byte, error) {
	return b.get(ctx, checkpoint.PageKey(checkpoint.BackgroundPrefix, number))
}

// open begins, or continues from what load found, when the rows up to the cursor have been
// delivered. An error says that the storage cannot be read.
func (b *background) open(ctx context.Context, cursor registry.Cursor, now time.Time) error {
	if !b.enabled {
		return nil
	}
	if b.saved == nil {
		b.begin(cursor.ID, now)
		if b.damaged {
			b.check.Discard(recheck.AllChunks(cursor.ID))
		}
		return nil
	}
	uid := cursor.UID
	if cursor.RegistryID != b.registryID { // it was made with another one
		uid = ""
	}
	check, err := recheck.Restore(ctx, b, *b.saved, b.registryID, cursor.ID, uid)
	switch {
	case err == nil:
		b.check = check
	case errors.Is(err, checkpoint.ErrDamaged), errors.Is(err, recheck.ErrOther):
		b.logBegin(err)
		b.begin(cursor.ID, now)
		b.check.Discard(b.saved)
	default:
		return err
	}
	b.saved = nil
	return nil
}

func (b *background) logBegin(err error) {
	b.logger.Warn("The fingerprints of delivered rows begin anew: changes to these rows before the next look at them are not detected", zap.Error(err))
}

func (b *background) begin(lastID int64, now time.Time) {
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails
	b.check = recheck.New(b, key, b.registryID, lastID, now)
}

// restart forgets all rows up to lastID: they count as they are found first. With 0, they
// are another database's, or are delivered again.
func (b *background) restart(lastID int64, now time.Time) {
	if b.check == nil {
		return
	}
	before := b.check.State()
	b.begin(lastID, now)
	b.check.Discard(&before)
}

// add adds rows that were delivered, in the order of their ids.
func (b *background) add(events []event) {
	if b.check == nil {
		return
	}
	for i := range events {
		b.check.Add(events[i].ID, events[i].UID)
	}
	if end := b.check.EndID(); end > 0 && !b.endLogged {
		b.endLogged = true
		b.logger.Warn("Delivered rows from an id on are not checked again, because their ids are too far apart", zap.Int64("id", end))
	}
}

// maxUnsaved is how many chunks of fingerprints are kept that cannot be saved: those of a
// million rows.
const maxUnsaved = 4096

// bound begins anew if there are too many fingerprints that cannot be saved, of rows up to
// lastID.
func (b *background) bound(lastID int64, now time.Time) {
	if b.check != nil && b.check.Unsaved() > maxUnsaved {
		b.logBegin(errUnsaved)
		b.restart(lastID, now)
	}
}

// errUnsaved is a reason to begin anew.
var errUnsaved = errors.New("too many of them cannot be saved")

// goBack forgets rows that the database lost, those behind an id, and returns which these
// are. lowest is the lowest id that it has.
func (b *background) goBack(ctx context.Context, lastID, lowest int64, now time.Time) (recheck.Gone, error) {
	if b.check == nil {
		return recheck.Gone{}, nil
	}
	gone, err := b.check.GoBack(ctx, lastID, lowest)
	if errors.Is(err, checkpoint.ErrDamaged) {
		b.logBegin(err)
		b.restart(lastID, now)
		return recheck.Gone{}, nil
	}
	return gone, err
}

func (b *background) changes() (all []*storage.Operation, err error) {
	if b.check == nil {
		return nil, nil
	}
	state, ok := b.check.Changed(func(number int64, value []byte) {
		key := checkpoint.PageKey(checkpoint.BackgroundPrefix, number)
		if value == nil {
			all = append(all, storage.DeleteOperation(key))
			return
		}
		all = append(all, storage.SetOperation(key, value))
	})
	if !ok {
		return nil, nil
	}
	data, err := state.Encode()
	return append(all, storage.SetOperation(checkpoint.BackgroundKey, data)), err
}

func (b *background) markSaved() {
	if b.check != nil {
		b.check.Saved()
	}
}
