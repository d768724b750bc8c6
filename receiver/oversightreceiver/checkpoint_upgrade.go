// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// prepareUpgrade carries over what version 1 kept of the transparency log. The
// transaction that writes version 2 deletes what version 1 has left.
func (s *checkpointStore) prepareUpgrade(ctx context.Context) error {
	s.upgrade, s.upgradedPages = nil, nil
	data, err := s.get(ctx, checkpoint.LogKeyV1)
	if err != nil || data == nil {
		return err
	}
	upgrade := []*storage.Operation{storage.DeleteOperation(checkpoint.LogKeyV1)}
	log, err := checkpoint.DecodeLogV1(data)
	if err != nil {
		s.logger.Error("The checkpoint of the transparency log is damaged: changes to the log made before this start are not detected", zap.Error(err))
		s.upgrade = upgrade
		return nil
	}
	pages, err := s.upgradePages(ctx, log.Pages)
	if err != nil {
		return err
	}
	encoded, err := log.Encode()
	if err != nil {
		return err
	}
	upgrade = append(upgrade, storage.SetOperation(checkpoint.LogKey, encoded))
	for number := range log.Pages {
		upgrade = append(upgrade, storage.DeleteOperation(checkpoint.PageKey(checkpoint.LogPrefixV1, number)))
		if page, ok := pages[number]; ok {
			upgrade = append(upgrade, storage.SetOperation(checkpoint.PageKey(checkpoint.LogPrefix, number), page))
		}
	}
	s.upgrade, s.upgradedPages = upgrade, pages
	return nil
}

// upgradePages reads all pages of version 1. A damaged one is kept as it is, and is
// an error when it is needed.
func (s *checkpointStore) upgradePages(ctx context.Context, count int64) (map[int64][]byte, error) {
	pages := map[int64][]byte{}
	for number := range count {
		data, err := s.get(ctx, checkpoint.PageKey(checkpoint.LogPrefixV1, number))
		if err != nil {
			return nil, err
		}
		if data == nil {
			continue
		}
		page, err := checkpoint.DecodeLogPageV1(data)
		switch {
		case errors.Is(err, checkpoint.ErrDamaged):
			pages[number] = data
		case err != nil:
			return nil, err
		default:
			pages[number] = page.Encode()
		}
	}
	return pages, nil
}
