// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/oversight-protocol/oversight-otelcol/internal/boltcheck"
	"github.com/oversight-protocol/oversight-otelcol/internal/storagefile"
)

// errInUse says that another process has the storage's file open.
var errInUse = errors.New("another process uses the file")

// lockTimeout is how long a check waits for the file of a storage.
const lockTimeout = 100 * time.Millisecond

// readKey reads a key from a storage's file, which it does not change; nil if there is
// no such key or file.
func readKey(ctx context.Context, path, key string) (value []byte, err error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil, nil
	}
	if err := boltcheck.Check(path); err != nil {
		return nil, err
	}
	guardErr := boltcheck.Guard(func() { value, err = readBolt(path, key) })
	return value, errors.Join(guardErr, err, ctx.Err())
}

func readBolt(path, key string) (value []byte, err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, errInUse
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(func(tx *bbolt.Tx) error {
		if bucket := tx.Bucket([]byte(storagefile.Bucket)); bucket != nil && key != "" {
			value = append([]byte(nil), bucket.Get([]byte(key))...)
		}
		return nil
	})
	return value, err
}
