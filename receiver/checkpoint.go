// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

const (
	// checkpointKey is all there is in the storage of one receiver. Storage
	// extensions keep the receivers apart by their ids.
	checkpointKey = "checkpoint"
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

// save replaces the stored cursor.
func (s *checkpointStore) save(ctx context.Context, cursor registry.Cursor) error {
	data, err := json.Marshal(checkpoint{checkpointVersion, cursor.ID, cursor.UID, cursor.RegistryID})
	if err != nil {
		return fmt.Errorf("save the checkpoint: %w", err)
	}
	if err := s.client.Set(ctx, checkpointKey, data); err != nil {
		return fmt.Errorf("save the checkpoint of id %d: %w", cursor.ID, err)
	}
	return nil
}

func (s *checkpointStore) close(ctx context.Context) error {
	if err := s.client.Close(ctx); err != nil {
		return fmt.Errorf("close the storage: %w", err)
	}
	return nil
}
