// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/boltcheck"
)

// closeTimeout is how long a storage may take to close.
const closeTimeout = time.Second

// guardedStorage is a storage client that returns an error where the extension
// panics: bbolt does where a page of its file is damaged. After that the client is
// not used any more, since it may hold its locks. It is safe for concurrent use.
type guardedStorage struct {
	client storage.Client
	file   storageFile
	health *health

	mu      sync.Mutex
	damaged error // why it is not used any more
}

// do calls the client, unless it has failed before.
func (g *guardedStorage) do(what string, call func() error) (err error) {
	if err := g.failed(); err != nil {
		return err
	}
	defer g.health.watch(failureFileStuck, func() string { return what + " " + g.file.String() })()
	panicked := boltcheck.Guard(func() { err = call() })
	if panicked == nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.damaged = g.file.damaged(panicked)
	return g.damaged
}

func (g *guardedStorage) failed() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.damaged
}

func (g *guardedStorage) Get(ctx context.Context, key string) (value []byte, err error) {
	err = g.do("reading", func() (err error) {
		value, err = g.client.Get(ctx, key)
		return err
	})
	return value, err
}

func (g *guardedStorage) Set(ctx context.Context, key string, value []byte) error {
	return g.do("writing", func() error { return g.client.Set(ctx, key, value) })
}

func (g *guardedStorage) Delete(ctx context.Context, key string) error {
	return g.do("writing", func() error { return g.client.Delete(ctx, key) })
}

func (g *guardedStorage) Batch(ctx context.Context, operations ...*storage.Operation) error {
	return g.do("writing", func() error { return g.client.Batch(ctx, operations...) })
}

// Close closes the client. It does not wait longer than [closeTimeout]: a client that
// has failed may wait for a lock that it holds itself, and one whose disk does not
// answer for a read that does not return.
func (g *guardedStorage) Close(ctx context.Context) error {
	closed := make(chan error, 1)
	go func() {
		var err error
		panicked := boltcheck.Guard(func() { err = g.client.Close(ctx) })
		closed <- errors.Join(panicked, err)
	}()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case err := <-closed:
		return err
	case <-timer.C:
		return fmt.Errorf("%s: it does not close", g.file)
	}
}
