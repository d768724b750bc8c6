// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// watchedSource reports a read that does not return, as one of a network file system
// whose server is gone.
type watchedSource struct {
	source
	health *health
	path   string
}

func (s *watchedSource) watch() (returned func()) {
	return s.health.watch(failureFileStuck, func() string { return "reading database " + s.path })
}

func (s *watchedSource) Changed() (bool, error) {
	defer s.watch()()
	return s.source.Changed()
}

func (s *watchedSource) Read(ctx context.Context, cursor registry.Cursor, limits registry.Limits, into []event) (registry.Batch, error) {
	defer s.watch()()
	return s.source.Read(ctx, cursor, limits, into)
}

func (s *watchedSource) End(ctx context.Context) (registry.Cursor, error) {
	defer s.watch()()
	return s.source.End(ctx)
}
