// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// The shared key still works with what speaks the old API, and says that Microsoft's ended.
func TestSharedKeyEnded(t *testing.T) {
	c := command(t.Context(), exporting("edge", "sentinel", "--sentinel-workspace-id", "w", "--output", "http://127.0.0.1:1/x", "--max-tries", "1")...)
	c.Env = append(c.Env, cli.SharedKeyVariable+"=c2VjcmV0")
	ended := runCommand(t, c)
	assert.Contains(t, ended.stderr, "ended the Log Analytics Data Collector API")
	assert.Contains(t, ended.stderr, "oversight-siem config --for sentinel")
}

// withoutNotice returns a result without the notice that the API ended, which it must have.
func withoutNotice(t *testing.T, r result) result {
	t.Helper()
	notice := "oversight-siem: " + cli.WorkspaceEnded + "\n"
	assert.True(t, strings.HasPrefix(r.stderr, notice), r.stderr)
	r.stderr = strings.TrimPrefix(r.stderr, notice)
	return r
}
