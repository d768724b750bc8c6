// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deliveredByV1 is how many of the sample's events, the first, were delivered by
// the collector that wrote testdata/checkpoint_v1.
const deliveredByV1 = 300

// A collector continues from the storage files that a collector with version 1 of
// the checkpoint left behind: it repeats no event, misses none, and reports no
// finding.
func TestUpgradeFromCheckpointV1(t *testing.T) {
	for _, name := range []string{"plain", "tlog"} {
		t.Run(name, func(t *testing.T) {
			a := newUpgradedAgent(t, name)
			collector := a.start()
			a.waitForAll(sampleSize - deliveredByV1)
			collector.interrupt()
			a.requireOnlyNewEvents()

			// From now on, the checkpoint has version 2.
			collector = a.start()
			collector.interrupt()
			a.requireOnlyNewEvents()
			assert.NotContains(t, collector.Output.String(), "\terror\t")
		})
	}
}

// The same for a collector that is killed right after it has delivered its first
// batch: only that batch may arrive twice.
func TestKilledDuringUpgradeFromCheckpointV1(t *testing.T) {
	for _, name := range []string{"plain", "tlog"} {
		t.Run(name, func(t *testing.T) {
			a := newUpgradedAgent(t, name)
			collector := a.start()
			eventually(t, func() error {
				if n, _ := a.gateway.arrived(); n == 0 {
					return errors.New("no event has arrived")
				}
				return nil
			})
			collector.Kill()
			collector = a.start()
			a.waitForAll(sampleSize - deliveredByV1)
			collector.interrupt()
			different, all := a.gateway.arrived()
			assert.LessOrEqual(t, all-different, batchSize)
			a.requireNoFindings()
		})
	}
}

// newUpgradedAgent returns an agent for the sample, with the storage file in
// testdata/checkpoint_v1/NAME.
func newUpgradedAgent(t *testing.T, name string) *agent {
	t.Helper()
	dir := t.TempDir()
	database, leaves := filepath.Join(dir, "registry.sqlite"), filepath.Join(dir, "leaves.jsonl")
	copyFile(t, filepath.Join("..", "testdata", "registry.sqlite"), database)
	copyFile(t, filepath.Join("..", "testdata", "tlog", "leaves.jsonl"), leaves)
	a := newAgent(t, database)
	if name == "tlog" {
		a.tlog = fmt.Sprintf("transparency_log: {leaves: %q, grace: 1s}", leaves)
	}
	storage := filepath.Join(a.stateDir, "checkpoint")
	require.NoError(t, os.Mkdir(storage, 0o700))
	copyFile(t, filepath.Join("testdata", "checkpoint_v1", name, "receiver_oversight_"), filepath.Join(storage, "receiver_oversight_"))
	return a
}

// requireOnlyNewEvents requires each event that version 1 did not deliver exactly
// once, and nothing else.
func (a *agent) requireOnlyNewEvents() {
	a.t.Helper()
	different, all := a.gateway.arrived()
	require.Equal(a.t, sampleSize-deliveredByV1, different)
	require.Equal(a.t, different, all, "no event is repeated")
	for id := deliveredByV1 + 1; id <= sampleSize; id++ {
		require.Contains(a.t, a.gateway.times, strconv.Itoa(id))
	}
	a.requireNoFindings()
}

// requireNoFindings requires that every event is verified, if the agent has a
// transparency log, and that nothing is a finding.
func (a *agent) requireNoFindings() {
	a.t.Helper()
	for _, r := range a.gateway.all() {
		require.Equal(a.t, "oversight.beacon", r.EventName(), r.Body().AsString())
		status, verified := r.Attributes().Get("oversight.tlog.status")
		require.Equal(a.t, a.tlog != "", verified)
		if verified {
			require.Equal(a.t, "verified", status.Str())
		}
	}
}
