// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/boltcheck"
)

// openCheckpointStore returns a store in the extension, or one that keeps
// nothing if id is nil.
func openCheckpointStore(ctx context.Context, host component.Host, id *component.ID, receiverID component.ID, health *health, logger *zap.Logger) (*checkpointStore, error) {
	if id == nil {
		return newCheckpointStore(storage.NewNopClient(), logger), nil
	}
	found, ok := host.GetExtensions()[*id]
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: must be an extension listed under `service::extensions`", id)
	}
	extension, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: must be a storage extension such as file_storage", id)
	}
	file := findStorageFile(extension, *id, receiverID)
	if err := file.prepare(time.Now(), logger); err != nil {
		return nil, err
	}
	client, err := openStorage(ctx, extension, receiverID, file)
	if err != nil {
		return nil, err
	}
	return newCheckpointStore(&guardedStorage{client: client, file: file, health: health}, logger), nil
}

// openStorage gets a client. It returns an error where the storage panics, and one
// that says what to do where its file is to blame.
func openStorage(ctx context.Context, extension storage.Extension, receiverID component.ID, file storageFile) (client storage.Client, err error) {
	guardErr := boltcheck.Guard(func() {
		client, err = extension.GetClient(ctx, component.KindReceiver, receiverID, "")
	})
	switch {
	case guardErr != nil:
		return nil, file.damaged(guardErr)
	case err == nil:
		return client, nil
	case isLockTimeout(err):
		return nil, file.locked(err)
	case isDamage(err):
		return nil, file.damaged(err)
	default:
		return nil, fmt.Errorf("%s: %w", file, err)
	}
}

// isLockTimeout reports whether the error is bbolt's ErrTimeout, with which it fails
// to lock a file. Source: go.etcd.io/bbolt/errors, v1.4.3.
func isLockTimeout(err error) bool { return err.Error() == "timeout" }

// damageErrors are the errors with which bbolt opens a file that is not one of its
// own any more. Source: go.etcd.io/bbolt v1.4.3, errors/errors.go and bolt_unix.go.
var damageErrors = []string{"invalid database", "version mismatch", "checksum error", "file size too small", "invalid freelist page", "storage not initialized"}

func isDamage(err error) bool {
	for _, text := range damageErrors {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
