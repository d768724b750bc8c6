// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/storagefile"
)

// checkReplaced compares the database with the checkpoint.
func (r *receiver) checkReplaced(ctx context.Context) []finding {
	cursor, found := r.cursor(ctx)
	if found != nil {
		return found
	}
	if r.Database == "" || (inputFile{path: r.Database}).problem() != nil {
		return notChecked("see registry.file", "the database cannot be opened")
	}
	reader := registry.Open(registry.Settings{Path: r.Database, RegistryID: r.RegistryID})
	defer reader.Close()
	_, err := reader.Read(ctx, cursor, 1, nil)
	if replaced, ok := errors.AsType[*registry.ReplacedError](err); ok {
		return failed("if that is intended, start the collector: `on_database_replaced` says what it does, and events that are delivered again have the same log.record.uid. Otherwise restore the database, or mount the right one",
			"%s is not the database that the checkpoint was made for, up to id %d: %s", r.Database, cursor.ID, replaced.Reason)
	}
	if err != nil {
		return r.unreadable(err)
	}
	return passed("%s is the database of the checkpoint, which is at id %d", r.Database, cursor.ID)
}

// cursor reads the cursor of the checkpoint, or says why not.
func (r *receiver) cursor(ctx context.Context) (registry.Cursor, []finding) {
	if r.Storage == nil || r.Storage.Type() != storagefile.Type {
		return registry.Cursor{}, notChecked("", "there is no checkpoint in a file_storage")
	}
	storage, err := r.fileStorage()
	if err != nil {
		return registry.Cursor{}, notChecked("see storage", "the storage's settings cannot be read")
	}
	file := storagefile.OfReceiver(storage.Directory, r.id)
	data, err := readKey(ctx, file, checkpoint.RootKey)
	if found := tooSlow(err); found != nil {
		return registry.Cursor{}, found
	}
	switch {
	case errors.Is(err, errInUse):
		return registry.Cursor{}, notChecked("stop the collector and run the check again, if you suspect it", "the checkpoint is in use")
	case err != nil:
		return registry.Cursor{}, notChecked("see storage", "the checkpoint cannot be read: %v", plain(err))
	case data == nil:
		return registry.Cursor{}, passed("there is no checkpoint yet: the first start begins at `start_at`")
	}
	root, err := decodeRoot(data)
	if newer, ok := errors.AsType[*checkpoint.VersionError](err); ok {
		return registry.Cursor{}, warning("upgrade oversight-siem, and the collector if `versions` says that it is as old: an older one does not start with this checkpoint. To go back, restore the checkpoint of before the upgrade: docs/checkpoint.md",
			"a newer collector wrote the checkpoint %s: %v", file, newer)
	}
	if err != nil {
		return registry.Cursor{}, failed("start the collector version that wrote it, or restore the checkpoint from a backup: docs/checkpoint.md", "the checkpoint %s: %v", file, err)
	}
	return registry.Cursor(root.Cursor), nil
}

func decodeRoot(data []byte) (checkpoint.Root, error) {
	if checkpoint.IsVersion1(data) {
		return checkpoint.DecodeRootV1(data)
	}
	root, err := checkpoint.DecodeRoot(data)
	if err != nil {
		err = fmt.Errorf("it cannot be used: %w", err)
	}
	return root, err
}
