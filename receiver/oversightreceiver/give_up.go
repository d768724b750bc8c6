// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// giveUpList is what `give_up` named at the last start. An id of it was meant for the
// event that was refused then: a later event may have the same id.
type giveUpList struct {
	value checkpoint.GiveUp
	dirty bool
}

func (l *giveUpList) load(ctx context.Context, get getter) error {
	l.value, l.dirty = checkpoint.GiveUp{}, false
	data, err := get(ctx, checkpoint.GiveUpKey)
	if err != nil || data == nil {
		return err
	}
	if l.value, err = checkpoint.DecodeGiveUp(data); err != nil {
		return fmt.Errorf("checkpoint key %q: %w", checkpoint.GiveUpKey, err)
	}
	return nil
}

// replace takes over what `give_up` names now, and returns what it did not name at the
// last start.
func (l *giveUpList) replace(ids []int64) (added []int64) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for _, id := range ids {
		if _, known := slices.BinarySearch(l.value.IDs, id); !known {
			added = append(added, id)
		}
	}
	if !slices.Equal(ids, l.value.IDs) {
		l.value.IDs, l.dirty = ids, true
	}
	return added
}

func (l *giveUpList) changes() ([]*storage.Operation, error) {
	switch {
	case !l.dirty:
		return nil, nil
	case len(l.value.IDs) == 0:
		return []*storage.Operation{storage.DeleteOperation(checkpoint.GiveUpKey)}, nil
	}
	data, err := l.value.Encode()
	return []*storage.Operation{storage.SetOperation(checkpoint.GiveUpKey, data)}, err
}

func (l *giveUpList) markSaved() { l.dirty = false }
