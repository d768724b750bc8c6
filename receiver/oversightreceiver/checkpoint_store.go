// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// errStoreClosed says that the receiver was shut down before a save.
var errStoreClosed = errors.New("the checkpoint store is closed")

// checkpointStore keeps the checkpoint in a storage: docs/checkpoint.md has its
// format. What was saved is as durable as the storage extension makes it. Its
// methods are for one goroutine, except for close.
type checkpointStore struct {
	client storage.Client
	logger *zap.Logger
	root   checkpoint.Root
	recent *checkpoint.Recent

	doneAhead  *doneAhead
	quarantine *refusedList
	owed       *refusedList
	giveUp     *giveUpList
	outbox     *outbox

	// upgrade is what turns version 1 into version 2, and upgradedPages the pages
	// of the log among it. The next save writes it. nil: there is nothing to write.
	upgrade       []*storage.Operation
	upgradedPages map[int64][]byte

	mu     sync.Mutex // held while the client is used to save
	closed bool       // guarded by mu
}

func newCheckpointStore(client storage.Client, logger *zap.Logger) *checkpointStore {
	s := &checkpointStore{
		client: client, logger: logger, recent: new(checkpoint.Recent),
		doneAhead: new(doneAhead), quarantine: newQuarantine(), owed: newOwed(), giveUp: new(giveUpList),
		outbox: &outbox{logger: logger, deleted: map[int64]bool{}},
	}
	return s
}

// part is a part of the checkpoint that has keys of its own. What has changed stays
// in memory until it is saved.
type part interface {
	// load reads what was saved. The error matches [checkpoint.ErrDamaged] if it is
	// damaged.
	load(ctx context.Context, get getter) error
	// changes are what to write since the last call of markSaved.
	changes() ([]*storage.Operation, error)
	// markSaved says that the changes are in the storage.
	markSaved()
}

// getter returns the value of a key; nil for none.
type getter = func(ctx context.Context, key string) ([]byte, error)

func (s *checkpointStore) parts() []part {
	return []part{s.doneAhead, s.quarantine, s.owed, s.giveUp, s.outbox}
}

// load returns the cursor, and whether a checkpoint was found. The error matches
// [checkpoint.ErrDamaged] if it is damaged, and is a *[checkpoint.VersionError] if
// a later collector wrote it.
func (s *checkpointStore) load(ctx context.Context) (cursor registry.Cursor, found bool, err error) {
	data, err := s.get(ctx, checkpoint.RootKey)
	if err != nil {
		return registry.Cursor{}, false, err
	}
	root, err := s.decodeRoot(ctx, data)
	if err != nil && !errors.Is(err, checkpoint.ErrDamaged) {
		return registry.Cursor{}, false, fmt.Errorf("load the checkpoint: %w", err)
	}
	s.root = root
	errs := []error{err}
	for _, part := range s.parts() { // all of them, so that a reset knows what to delete
		err := part.load(ctx, s.get)
		if err != nil && !errors.Is(err, checkpoint.ErrDamaged) {
			return registry.Cursor{}, false, fmt.Errorf("load the checkpoint: %w", err)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return registry.Cursor{}, false, fmt.Errorf("load the checkpoint: %w", err)
	}
	return registry.Cursor(root.Cursor), data != nil, nil
}

// reset forgets all that is known of rows, because a part of it is damaged: they are
// read from the beginning. Findings are kept.
func (s *checkpointStore) reset() {
	s.root.FirstStart = nil
	s.recent.Reset()
	s.doneAhead.reset()
	s.quarantine.reset()
	s.owed.reset()
}

func (s *checkpointStore) decodeRoot(ctx context.Context, data []byte) (root checkpoint.Root, err error) {
	switch {
	case data == nil:
		return checkpoint.Root{}, nil
	case checkpoint.IsVersion1(data):
		root, err = checkpoint.DecodeRootV1(data)
	default:
		root, err = checkpoint.DecodeRoot(data)
		if err == nil {
			return root, s.loadRecent(ctx, root.Recent)
		}
	}
	if err == nil || errors.Is(err, checkpoint.ErrDamaged) {
		err = errors.Join(err, s.prepareUpgrade(ctx))
	}
	return root, err
}

// loadRecent loads the rows that were delivered last. Nothing depends on them so
// far: damaged ones are dropped.
func (s *checkpointStore) loadRecent(ctx context.Context, total int64) error {
	var pages [checkpoint.RecentPages][]byte
	for i := range pages {
		data, err := s.get(ctx, checkpoint.PageKey(checkpoint.RecentPrefix, int64(i)))
		if err != nil {
			return err
		}
		pages[i] = data
	}
	recent, err := checkpoint.DecodeRecent(total, pages)
	if err != nil {
		s.logger.Warn("The list of recently delivered rows in the checkpoint is damaged: starting a new list; no events are affected", zap.Error(err))
		recent = new(checkpoint.Recent)
		recent.Reset()
	}
	s.recent = recent
	return nil
}

// loadLog returns what is known of the transparency log, the value of
// [checkpoint.LogKey]; nil if nothing is.
func (s *checkpointStore) loadLog(ctx context.Context) ([]byte, error) {
	for _, operation := range s.upgrade {
		if operation.Key == checkpoint.LogKey {
			return operation.Value, nil
		}
	}
	return s.get(ctx, checkpoint.LogKey)
}

// loadReviews returns the value of [checkpoint.ReviewKey]; nil if there is none.
func (s *checkpointStore) loadReviews(ctx context.Context) ([]byte, error) {
	return s.get(ctx, checkpoint.ReviewKey)
}

// Page implements [reconcile.Pages].
func (s *checkpointStore) Page(ctx context.Context, number int64) ([]byte, error) {
	if page, ok := s.upgradedPages[number]; ok {
		return page, nil
	}
	return s.get(ctx, checkpoint.PageKey(checkpoint.LogPrefix, number))
}

func (s *checkpointStore) get(ctx context.Context, key string) ([]byte, error) {
	data, err := s.client.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("load checkpoint key %q: %w", key, err)
	}
	return data, nil
}

// addRows adds rows that were delivered. The next save writes them.
func (s *checkpointStore) addRows(rows []checkpoint.Row) {
	for _, row := range rows {
		s.recent.Add(row)
	}
}

// save replaces the cursor, all parts that have changed, and with a snapshot what is
// known of the transparency log, in one transaction.
func (s *checkpointStore) save(ctx context.Context, cursor registry.Cursor, database string, snapshot *reconcile.Snapshot) error {
	s.root.Cursor, s.root.Database.Path, s.root.Recent = checkpoint.Cursor(cursor), database, s.recent.Total()
	operations, err := s.operations(snapshot)
	if err == nil {
		err = s.write(ctx, operations)
	}
	if err != nil {
		return fmt.Errorf("save the checkpoint of id %d: %w", cursor.ID, err)
	}
	s.recent.Saved()
	for _, part := range s.parts() {
		part.markSaved()
	}
	s.upgrade, s.upgradedPages = nil, nil
	return nil
}

// operations are one transaction: all that has changed.
func (s *checkpointStore) operations(snapshot *reconcile.Snapshot) ([]*storage.Operation, error) {
	root, err := s.root.Encode()
	if err != nil {
		return nil, err
	}
	all := append(slices.Clone(s.upgrade), storage.SetOperation(checkpoint.RootKey, root))
	for _, part := range s.parts() {
		changes, err := part.changes()
		if err != nil {
			return nil, err
		}
		all = append(all, changes...)
	}
	s.recent.Changed(func(number int64, data []byte) {
		all = append(all, storage.SetOperation(checkpoint.PageKey(checkpoint.RecentPrefix, number), data))
	})
	if snapshot == nil {
		return all, nil
	}
	all = append(all, storage.SetOperation(checkpoint.LogKey, snapshot.Log))
	switch {
	case snapshot.ReviewsChanged && snapshot.Reviews == nil:
		all = append(all, storage.DeleteOperation(checkpoint.ReviewKey))
	case snapshot.ReviewsChanged:
		all = append(all, storage.SetOperation(checkpoint.ReviewKey, snapshot.Reviews))
	}
	for number, page := range snapshot.Pages {
		all = append(all, storage.SetOperation(checkpoint.PageKey(checkpoint.LogPrefix, number), page))
	}
	for _, number := range snapshot.DeletedPages {
		all = append(all, storage.DeleteOperation(checkpoint.PageKey(checkpoint.LogPrefix, number)))
	}
	return all, nil
}

func (s *checkpointStore) write(ctx context.Context, operations []*storage.Operation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errStoreClosed
	}
	return s.client.Batch(ctx, operations...)
}

// close releases the storage. Later saves fail. It is safe for concurrent use with
// save, and does not wait for one that the storage blocks.
func (s *checkpointStore) close(ctx context.Context) error {
	if !s.mu.TryLock() {
		return errors.New("close the storage: a save is still running")
	}
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if err := s.client.Close(ctx); err != nil {
		return fmt.Errorf("close the storage: %w", err)
	}
	return nil
}
