// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// No command waits on a path that is no regular file: a pipe that nobody writes to, or a
// device that never ends.
func TestNotRegularFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	f := sample(t)
	for _, path := range []string{pipe, "/dev/zero", "/dev/null"} {
		for name, arguments := range map[string][]string{
			"evidence":   {"verify-evidence", path},
			"verify log": {"verify", "--db", f.database, "--tlog", path},
			"verify db":  {"verify", "--db", path, "--tlog", f.leaves},
			"prove log":  {"prove", "--tlog", path, "--index", "0"},
			"prove with": {"prove", "--tlog", f.leaves, "--index", "0", "--proof", path},
		} {
			t.Run(name+path, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				r := runCommand(t, command(ctx, arguments...))
				require.NoError(t, ctx.Err(), "the command waits")
				assert.Equal(t, cli.StatusNotChecked, r.code, r.stderr)
				assert.Contains(t, r.stderr, path)
				assert.Contains(t, r.stderr, "not a regular file")
			})
		}
	}
}
