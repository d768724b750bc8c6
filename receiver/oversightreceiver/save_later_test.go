// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longRows adds rows of which `batch_bytes` lets far fewer than 50 into a request.
func (s *refusalSetup) longRows(n int) {
	execute(s.t, s.config.Database, fmt.Sprintf(`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<%d)
		INSERT INTO events(token_id, kind, timestamp, user_agent) SELECT 'long'||x, 'http_img', 1735000000+x, printf('%%.*c', 16000, 'x') FROM c`, n))
	s.config.BatchSize, s.config.BatchBytes = 50, 300_000
}

// saves is how often the checkpoint was written.
func (s *setup) saves() int {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.memory.sets
}

// While it catches up, the receiver saves once for `batch_size` rows, in however many
// requests they are delivered, and saves the last ones when there are no more.
func TestOneSaveForABatch(t *testing.T) {
	s := newRefusalSetup(t, 1)
	s.longRows(499)
	largest := 0
	s.dest.set(func(r request) error { largest = max(largest, len(r.events)); return nil })
	s.run()
	s.eventually(func(c *assert.CollectT) {
		require.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(500), s.cursor(c))
	})
	assert.GreaterOrEqual(t, s.saves(), 10)
	assert.LessOrEqual(t, s.saves(), 12)
	assert.Less(t, largest, 50)
	assert.GreaterOrEqual(t, s.dest.count(), 2*s.saves())
}

// What was accepted and not saved yet is saved as soon as the next request fails: an
// outage that lasts for days does not leave it to a crash.
func TestSavesWhenTheNextRequestFails(t *testing.T) {
	s := newRefusalSetup(t, 1)
	s.longRows(499)
	s.dest.set(func(r request) error {
		if r.number > 1 {
			return errUnavailable
		}
		return nil
	})
	s.run()
	s.eventually(func(c *assert.CollectT) {
		require.NotEmpty(c, s.memory.stored())
		accepted, _ := s.dest.whole()
		assert.Equal(c, int64(len(accepted)), s.cursor(c))
		assert.NotZero(c, s.cursor(c))
	})
}

// A stop saves what was accepted, even where the next request waits.
func TestSavesAtAStop(t *testing.T) {
	s := newRefusalSetup(t, 1)
	s.longRows(499)
	second := make(chan struct{})
	s.dest.set(func(r request) error {
		if r.number == 2 {
			close(second)
		}
		return nil
	})
	stop := s.run()
	<-second
	stop()
	s.dest.set(nil)
	s.run()
	s.waitForWhole(idRange(1, 500))
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
}

// A stop while a request does not return keeps what was accepted before: it is no crash.
func TestStopWhileARequestHangs(t *testing.T) {
	s := newRefusalSetup(t, 1)
	s.longRows(499)
	second, release := make(chan struct{}), make(chan struct{})
	accepted := 0
	s.dest.set(func(r request) error {
		if r.number == 2 {
			close(second)
			<-release // whatever the context says, as a Kafka client with a broker that hangs
			return errUnavailable
		}
		accepted = len(r.events)
		return nil
	})
	require.NoError(t, s.config.Validate())
	r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, s.dest)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), s.host))
	<-second
	require.ErrorContains(t, r.Shutdown(context.WithoutCancel(t.Context())), "did not end in time")
	require.NotEmpty(t, s.memory.stored())
	assert.Equal(t, int64(accepted), s.cursor(t))
	close(release)
}

// A crash after any request repeats at most `batch_size` rows, though several requests
// may wait for one save.
func TestDiesAfterEachRequest(t *testing.T) {
	const rows = 180
	most := 0
	for number := 1; ; number++ {
		k := newKiller(t, 1, nil)
		k.longRows(rows - 1)
		k.arm(0, false)
		k.dest.set(func(r request) error {
			if k.dead.Load() {
				return errUnavailable
			}
			k.dead.Store(r.number == number) // it is accepted, and nothing follows
			return nil
		})
		if !k.live(rows) {
			require.Greater(t, number, rows/k.config.BatchSize, "this run has fewer requests than it should")
			break
		}
		k.finish(rows, k.config.BatchSize)
		_, repeated := k.dest.whole()
		most = max(most, repeated)
	}
	assert.Greater(t, most, 17, "no crash repeated more than one request")
}
