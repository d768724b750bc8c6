// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/boltcheck"
)

const (
	// reserveAhead is how many offsets further than the last one a saved one allows for:
	// the storage is written once for so many messages of a partition. After a crash it
	// is not known which of them were read.
	reserveAhead = 100
	// storageTimeout is how long a message waits for the storage.
	storageTimeout = time.Second
)

// offsetValue is what is saved of a partition.
type offsetValue struct {
	// Last is the highest offset that was seen when it was saved, and Reserved the
	// highest that may have been seen since. They are equal after a shutdown.
	Last     int64 `json:"last"`
	Reserved int64 `json:"reserved"`
}

type savedOffset struct {
	key   partitionKey
	value offsetValue
}

func (s savedOffset) storageKey() string {
	return "kafka/" + s.key.topic + "/" + s.key.partition
}

func (s savedOffset) encoded() []byte {
	return fmt.Appendf(nil, `{"last":%d,"reserved":%d}`, s.value.Last, s.value.Reserved)
}

// stateStorage keeps offsets and refused records over restarts. No message waits longer than
// [storageTimeout] for it, and none fails with it. It is safe for concurrent use.
type stateStorage struct {
	client storage.Client
	health *health
	// turn holds a token while the client is used.
	turn chan struct{}
}

// openStorage returns the storage of an extension.
func openStorage(ctx context.Context, host component.Host, id, connectorID component.ID, health *health) (*stateStorage, error) {
	found, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: must be an extension listed under `service::extensions`", id)
	}
	extension, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("`storage` is %q: must be a storage extension such as file_storage", id)
	}
	var client storage.Client
	err := guard(func() (err error) {
		client, err = extension.GetClient(ctx, component.KindConnector, connectorID, "")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("`storage` is %q: %w", id, err)
	}
	return &stateStorage{client: client, health: health, turn: make(chan struct{}, 1)}, nil
}

// load reads what is known of a partition.
func (s *stateStorage) load(ctx context.Context, pos position, p *partition) {
	key := savedOffset{key: partitionKey{pos.topic, pos.partition}}.storageKey()
	var value offsetValue
	found := false
	err := s.do(func() error {
		text, err := s.client.Get(context.WithoutCancel(ctx), key)
		if err != nil || text == nil {
			return err
		}
		found = true
		return json.Unmarshal(text, &value)
	})
	if err == nil && found {
		p.known, p.last, p.reserved, p.exact = true, value.Last, value.Reserved, value.Last == value.Reserved
	}
}

// save writes the offset of a partition.
func (s *stateStorage) save(ctx context.Context, pos position, last, reserved int64) {
	saved := savedOffset{partitionKey{pos.topic, pos.partition}, offsetValue{last, reserved}}
	_ = s.do(func() error { return s.client.Set(context.WithoutCancel(ctx), saved.storageKey(), saved.encoded()) })
}

// forget deletes the offset of a partition.
func (s *stateStorage) forget(pos position) {
	key := savedOffset{key: partitionKey{pos.topic, pos.partition}}.storageKey()
	_ = s.do(func() error { return s.client.Delete(context.Background(), key) })
}

// close writes all offsets and closes the client.
func (s *stateStorage) close(ctx context.Context, all []savedOffset) error {
	return s.do(func() error {
		operations := make([]*storage.Operation, 0, len(all))
		for _, saved := range all {
			operations = append(operations, storage.SetOperation(saved.storageKey(), saved.encoded()))
		}
		return errors.Join(s.client.Batch(ctx, operations...), s.client.Close(ctx))
	})
}

var errStorageTimeout = errors.New("it does not answer")

// do uses the client. It returns an error when that takes too long, or panics, as bbolt
// does where its file is damaged; call goes on until the client returns.
func (s *stateStorage) do(call func() error) error {
	timer := time.NewTimer(storageTimeout)
	defer timer.Stop()
	done := make(chan error, 1)
	select {
	case s.turn <- struct{}{}:
		go func() {
			done <- guard(call)
			<-s.turn
		}()
	case <-timer.C:
		return s.report(errStorageTimeout)
	}
	select {
	case err := <-done:
		return s.report(err)
	case <-timer.C:
		return s.report(errStorageTimeout)
	}
}

// report reports whether the storage works.
func (s *stateStorage) report(err error) error {
	if err == nil {
		s.health.over(storageKey)
		return nil
	}
	s.health.failing(storageKey, "The storage fails; nothing is lost: records that are refused alone are not kept in it, and after a restart messages that expired may not be noticed, or reported by mistake",
		err)
	return err
}

const storageKey = "storage"

// guard calls the storage, and returns an error where it panics.
func guard(call func() error) (err error) {
	if panicked := boltcheck.Guard(func() { err = call() }); panicked != nil {
		return fmt.Errorf("it panics: %w", panicked)
	}
	return err
}
