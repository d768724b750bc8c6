// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// stuckSource is a database on a file system whose server is gone.
type stuckSource struct {
	source
	release chan struct{}
}

func (s *stuckSource) Changed() (bool, error) {
	<-s.release
	return false, nil
}

func (s *stuckSource) Read(context.Context, registry.Cursor, registry.Limits, []event) (registry.Batch, error) {
	<-s.release
	return registry.Batch{}, nil
}

func (s *stuckSource) End(context.Context) (registry.Cursor, error) {
	<-s.release
	return registry.Cursor{}, nil
}

func TestReadThatDoesNotReturn(t *testing.T) {
	for name, read := range map[string]func(context.Context, *watchedSource) error{
		"changed": func(_ context.Context, s *watchedSource) error { _, err := s.Changed(); return err },
		"read": func(ctx context.Context, s *watchedSource) error {
			_, err := s.Read(ctx, registry.Cursor{}, registry.Limits{}, nil)
			return err
		},
		"end": func(ctx context.Context, s *watchedSource) error { _, err := s.End(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.InfoLevel)
				host, stuck := newHost(), &stuckSource{release: make(chan struct{})}
				watched := &watchedSource{stuck, newHealth(host, zap.New(core)), "/nfs/registry.sqlite", newNoticeLog(zap.NewNop())}
				returned := make(chan error, 1)
				go func() { returned <- read(t.Context(), watched) }()
				time.Sleep(time.Hour)
				require.ErrorContains(t, host.last().Err(), "reading database /nfs/registry.sqlite has not returned")
				assert.Equal(t, componentstatus.StatusRecoverableError, host.last().Status())
				assert.Equal(t, 1, logs.Len())
				close(stuck.release)
				require.NoError(t, <-returned)
				assert.Equal(t, componentstatus.StatusOK, host.last().Status())
			})
		})
	}
}

// A database with a second name is delivered, with one warning.
func TestUnusualDatabaseIsLoggedOnce(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 7)))
	require.NoError(t, os.Link(s.config.Database, s.config.Database+".other"))
	s.start(t)
	s.sink.waitFor(t, tokenRange("t", 1, 7))
	lines := s.logs.FilterMessage("The database is unusual").All()
	require.Len(t, lines, 1)
	assert.Equal(t, "hard-link", lines[0].ContextMap()["kind"])
	assert.Contains(t, lines[0].ContextMap()["notice"], s.config.Database)
}

func TestNoticesAreLoggedDaily(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	log := newNoticeLog(zap.New(core))
	begin := time.Unix(1_700_000_000, 0)
	for i := range 48 {
		log.log([]registry.Notice{{Kind: registry.NoticeHardLink}, {Kind: registry.NoticeIDs}}, begin.Add(time.Duration(i)*time.Hour))
	}
	assert.Equal(t, 4, logs.Len())
}
