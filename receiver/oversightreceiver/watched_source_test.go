// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// stuckSource is a database on a file system whose server is gone.
type stuckSource struct{ release chan struct{} }

func (s *stuckSource) Changed() (bool, error) {
	<-s.release
	return false, nil
}

func (s *stuckSource) Read(context.Context, registry.Cursor, int, []event) (registry.Batch, error) {
	<-s.release
	return registry.Batch{}, nil
}

func (s *stuckSource) End(context.Context) (registry.Cursor, error) {
	<-s.release
	return registry.Cursor{}, nil
}

func (s *stuckSource) EndBefore(context.Context, time.Time) (registry.Cursor, error) {
	<-s.release
	return registry.Cursor{}, nil
}

func (s *stuckSource) ByID(context.Context, []int64, []event) ([]event, error) {
	<-s.release
	return nil, nil
}

func (s *stuckSource) UIDs(context.Context, []int64, string) ([]string, error) {
	<-s.release
	return nil, nil
}

func (s *stuckSource) RowUIDs(context.Context, int64, int, []registry.RowUID) ([]registry.RowUID, bool, error) {
	<-s.release
	return nil, false, nil
}

func (s *stuckSource) After(context.Context, int64, int, []event) ([]event, bool, error) {
	<-s.release
	return nil, false, nil
}

func (s *stuckSource) Newest(context.Context) (event, bool, error) {
	<-s.release
	return event{}, false, nil
}

func TestReadThatDoesNotReturn(t *testing.T) {
	for name, read := range map[string]func(context.Context, *watchedSource) error{
		"changed": func(_ context.Context, s *watchedSource) error { _, err := s.Changed(); return err },
		"read": func(ctx context.Context, s *watchedSource) error {
			_, err := s.Read(ctx, registry.Cursor{}, 0, nil)
			return err
		},
		"end before": func(ctx context.Context, s *watchedSource) error {
			_, err := s.EndBefore(ctx, time.Time{})
			return err
		},
		"by id": func(ctx context.Context, s *watchedSource) error { _, err := s.ByID(ctx, nil, nil); return err },
		"row uids": func(ctx context.Context, s *watchedSource) error {
			_, _, err := s.RowUIDs(ctx, 0, 0, nil)
			return err
		},
		"after":  func(ctx context.Context, s *watchedSource) error { _, _, err := s.After(ctx, 0, 0, nil); return err },
		"newest": func(ctx context.Context, s *watchedSource) error { _, _, err := s.Newest(ctx); return err },
		"end":    func(ctx context.Context, s *watchedSource) error { _, err := s.End(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zap.InfoLevel)
				host, stuck := newHost(), &stuckSource{make(chan struct{})}
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
		text := fmt.Sprintf("the row with the id %d", i) // each batch names another row
		log.log([]registry.Notice{{Kind: registry.NoticeHardLink, Text: text}, {Kind: registry.NoticeIDs, Text: text}}, begin.Add(time.Duration(i)*time.Hour))
	}
	assert.Equal(t, 4, logs.Len())
}

// stuckReconciliation is a transparency log on a file system whose server is gone.
type stuckReconciliation struct {
	noReconciliation
	release chan struct{}
}

func (r *stuckReconciliation) check(context.Context, []event) { <-r.release }
func (r *stuckReconciliation) idle(context.Context)           { <-r.release }

func TestLogThatDoesNotReturn(t *testing.T) {
	for name, read := range map[string]func(reconciliation){
		"check": func(r reconciliation) { r.check(t.Context(), nil) },
		"idle":  func(r reconciliation) { r.idle(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host, release := newHost(), make(chan struct{})
				open := openReconciliation(func(context.Context, *checkpointStore, reconcile.Rows, int64) (reconciliation, error) {
					return &stuckReconciliation{release: release}, nil
				}).watched(newHealth(host, zap.NewNop()), "/nfs/leaves.jsonl", time.Minute)
				opened, err := open(t.Context(), nil, nil, 0)
				require.NoError(t, err)
				returned := make(chan struct{})
				go func() {
					read(opened)
					close(returned)
				}()
				time.Sleep(time.Minute + stuckAfter - 1) // it may wait for a leaf
				synctest.Wait()
				require.NoError(t, host.last().Err())
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				require.ErrorContains(t, host.last().Err(), "reading transparency log /nfs/leaves.jsonl has not returned")
				close(release)
				<-returned
				assert.Equal(t, componentstatus.StatusOK, host.last().Status())
			})
		})
	}
}
