// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// A line that is destroyed after it was read, while the collector is down, keeps no later
// root from being known: its chunk's root was saved.
func TestRootsPastADestroyedLine(t *testing.T) {
	log, intact, clock, saved := newLog(t), newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, time.Minute)
	var lastID int64
	log.writeLeaves(0, 1000)
	intact.writeLeaves(0, 1200)
	reconciler.Check(t.Context(), rowsFrom(&lastID, 0, 1000))
	saved.save(t, reconciler, lastID)
	require.NoError(t, reconciler.Close())

	data, err := os.ReadFile(log.path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(data, []byte("\n"))
	clear(lines[300][:len(lines[300])-1])
	require.NoError(t, os.WriteFile(log.path, bytes.Join(lines, nil), 0o600))
	log.writeLeaves(1000, 1200)

	expected := intact.open(clock, &store{}, time.Minute)
	expected.Idle(t.Context())
	for range 2 { // also after one more restart
		reconciler = log.open(clock, saved, time.Minute)
		reconciler.Idle(t.Context())
		require.NoError(t, reconciler.Reverify(t.Context()))
		reconciler.Idle(t.Context())
		for _, found := range reconciler.Findings() {
			assert.Equal(t, translator.IntegrityLeafCorrupt, found.Kind)
			assert.Equal(t, int64(300), found.TlogIndex)
		}
		for _, size := range []int64{512, 1000, 1100, 1200} {
			want, err := expected.RootAt(size)
			require.NoError(t, err)
			root, err := reconciler.RootAt(size)
			require.NoError(t, err, "size %d", size)
			assert.Equal(t, want, root, "size %d", size)
		}
		saved.save(t, reconciler, lastID)
		require.NoError(t, reconciler.Close())
	}
}
