// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

const (
	// checkpointKey is all that a receiver without `transparency_log` has in the
	// storage. Storage extensions keep the receivers apart by their ids.
	checkpointKey = "checkpoint"
	// witnessKey is what is known of the transparency log, and pageKey is
	// before the number of each page of its leaves.
	witnessKey = "witness"
	pageKey    = "witness/"
	// checkpointVersion changes with the meaning of the fields.
	checkpointVersion = 1
)

// checkpoint is what is stored, as JSON.
type checkpoint struct {
	Version    int    `json:"version"`
	ID         int64  `json:"id"`
	EventUID   string `json:"event_uid"`
	RegistryID string `json:"registry_id"`
}

// invalidCheckpointError says that the stored bytes are no checkpoint.
type invalidCheckpointError struct{ cause error }

func (e *invalidCheckpointError) Error() string { return "invalid checkpoint: " + e.cause.Error() }

// checkpointStore keeps the cursor. A cursor is in the store when save has
// returned nil, as durably as the storage extension has it. It is for one
// goroutine.
type checkpointStore struct {
	client storage.Client
}

// openCheckpointStore returns a store in the extension, or one that keeps
// nothing if id is nil.
func openCheckpointStore(ctx context.Context, host component.Host, id *component.ID, receiverID component.ID) (*checkpointStore, error) {
	if id == nil {
		return &checkpointStore{storage.NewNopClient()}, nil
	}
	found, ok := host.GetExtensions()[*id]
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: no such extension is listed under `service::extensions`", id)
	}
	extension, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: that extension stores nothing; use one such as file_storage", id)
	}
	client, err := extension.GetClient(ctx, component.KindReceiver, receiverID, "")
	if err != nil {
		return nil, fmt.Errorf("`storage` is %q: %w", id, err)
	}
	return &checkpointStore{client}, nil
}

// load returns the cursor, and whether one was stored.
func (s *checkpointStore) load(ctx context.Context) (registry.Cursor, bool, error) {
	data, err := s.client.Get(ctx, checkpointKey)
	if err != nil {
		return registry.Cursor{}, false, fmt.Errorf("load the checkpoint: %w", err)
	}
	if data == nil {
		return registry.Cursor{}, false, nil
	}
	c, err := parseCheckpoint(data)
	if err != nil {
		return registry.Cursor{}, false, &invalidCheckpointError{err}
	}
	return registry.Cursor{ID: c.ID, UID: c.EventUID, RegistryID: c.RegistryID}, true, nil
}

// parseCheckpoint accepts only what save writes, which it proves by writing
// the value again.
func parseCheckpoint(data []byte) (checkpoint, error) {
	var c checkpoint
	if err := json.Unmarshal(data, &c); err != nil {
		return c, err
	}
	if c.Version != checkpointVersion {
		return c, fmt.Errorf("version %d, where %d is known", c.Version, checkpointVersion)
	}
	again, err := json.Marshal(c)
	if err == nil && !bytes.Equal(data, again) {
		err = errors.New("not in the form that it is written in")
	}
	return c, err
}

// loadWitness returns the state of the last snapshot; nil if there is none.
func (s *checkpointStore) loadWitness(ctx context.Context) ([]byte, error) {
	data, err := s.client.Get(ctx, witnessKey)
	if err != nil {
		return nil, fmt.Errorf("load what is known of the transparency log: %w", err)
	}
	return data, nil
}

// Page implements [reconcile.Pages].
func (s *checkpointStore) Page(ctx context.Context, number int64) ([]byte, error) {
	return s.client.Get(ctx, pageOf(number))
}

func pageOf(number int64) string { return pageKey + strconv.FormatInt(number, 10) }

// save replaces the stored cursor, and with a snapshot what goes with it, in
// one transaction.
func (s *checkpointStore) save(ctx context.Context, cursor registry.Cursor, snapshot *reconcile.Snapshot) error {
	data, err := json.Marshal(checkpoint{checkpointVersion, cursor.ID, cursor.UID, cursor.RegistryID})
	if err != nil {
		return fmt.Errorf("save the checkpoint: %w", err)
	}
	if snapshot == nil {
		err = s.client.Set(ctx, checkpointKey, data)
	} else {
		err = s.client.Batch(ctx, operations(data, snapshot)...)
	}
	if err != nil {
		return fmt.Errorf("save the checkpoint of id %d: %w", cursor.ID, err)
	}
	return nil
}

func operations(data []byte, snapshot *reconcile.Snapshot) []*storage.Operation {
	all := []*storage.Operation{
		storage.SetOperation(checkpointKey, data),
		storage.SetOperation(witnessKey, snapshot.State),
	}
	for number, page := range snapshot.Pages {
		all = append(all, storage.SetOperation(pageOf(number), page))
	}
	for _, number := range snapshot.Drop {
		all = append(all, storage.DeleteOperation(pageOf(number)))
	}
	return all
}

func (s *checkpointStore) close(ctx context.Context) error {
	if err := s.client.Close(ctx); err != nil {
		return fmt.Errorf("close the storage: %w", err)
	}
	return nil
}
