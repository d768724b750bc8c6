// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// watchedSource reports a read that does not return, as one of a network file system
// whose server is gone, and what is unusual about the database.
type watchedSource struct {
	source
	health  *health
	path    string
	notices *noticeLog
}

func (s *watchedSource) watch() (returned func()) {
	return s.health.watch(failureFileStuck, func() string { return "reading database " + s.path })
}

func (s *watchedSource) Changed() (bool, error) {
	defer s.watch()()
	return s.source.Changed()
}

func (s *watchedSource) Read(ctx context.Context, cursor registry.Cursor, maxRows int, into []event) (registry.Batch, error) {
	defer s.watch()()
	batch, err := s.source.Read(ctx, cursor, maxRows, into)
	if len(batch.Notices) > 0 {
		s.notices.log(batch.Notices, time.Now())
	}
	return batch, err
}

func (s *watchedSource) End(ctx context.Context) (registry.Cursor, error) {
	defer s.watch()()
	return s.source.End(ctx)
}

func (s *watchedSource) EndBefore(ctx context.Context, t time.Time) (registry.Cursor, error) {
	defer s.watch()()
	return s.source.EndBefore(ctx, t)
}

func (s *watchedSource) ByID(ctx context.Context, ids []int64, into []event) ([]event, error) {
	defer s.watch()()
	return s.source.ByID(ctx, ids, into)
}

func (s *watchedSource) UIDs(ctx context.Context, ids []int64, registryID string) ([]string, error) {
	defer s.watch()()
	return s.source.UIDs(ctx, ids, registryID)
}

func (s *watchedSource) Newest(ctx context.Context) (newest event, ok bool, err error) {
	defer s.watch()()
	return s.source.Newest(ctx)
}

func (s *watchedSource) After(ctx context.Context, after int64, maxRows int, into []event) (rows []event, more bool, err error) {
	defer s.watch()()
	return s.source.After(ctx, after, maxRows, into)
}
