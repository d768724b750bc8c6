// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// generateEvents adds events to the registry in a directory.
func generateEvents(t *testing.T, directory string, events int) {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), oversightgenBinary, "--count", strconv.Itoa(events),
		"--db", filepath.Join(directory, "registry.sqlite"), "--tlog", filepath.Join(directory, "tlog")).CombinedOutput()
	require.NoError(t, err, "%s", printed)
}

// readFrom makes the agent read the registry in a directory.
func (a *agent) readFrom(directory string) {
	a.database = filepath.Join(directory, "registry.sqlite")
	a.tlog = fmt.Sprintf("transparency_log: {leaves: %q, grace: 1s}", filepath.Join(directory, "tlog", "leaves.jsonl"))
}

// A registry whose files are copied to another place, as docs/operate.md says, continues
// behind the last event: none is repeated, none is missing, and nothing is a finding. The
// same holds for one whose checkpoint was copied to another host.
func TestMovedRegistry(t *testing.T) {
	const before, after = 120, 30
	old, moved := t.TempDir(), filepath.Join(t.TempDir(), "moved")
	generateEvents(t, old, before)
	a := newAgent(t, "")
	a.readFrom(old)
	collector := a.start()
	a.waitForAll(before)
	collector.interrupt()

	require.NoError(t, os.CopyFS(moved, os.DirFS(old)))
	require.NoError(t, os.RemoveAll(old))
	generateEvents(t, moved, after)
	state := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.CopyFS(state, os.DirFS(a.stateDir)))
	a.stateDir = state
	a.readFrom(moved)
	collector = a.start()
	a.waitForAll(before + after)
	collector.interrupt()
	different, all := a.gateway.arrived()
	require.Equal(t, before+after, different)
	require.Equal(t, different, all, "an event was repeated")
	a.requireNoFindings()
	require.NotContains(t, collector.Output.String(), "replaced")
}
