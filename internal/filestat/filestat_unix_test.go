// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin || freebsd

package filestat_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/filestat"
)

// A file that grows stays the same one, and setting its modification time back
// does not hide a write.
func TestStatIdentifiesFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	at := time.Unix(1735000000, 0)
	write := func(content string) filestat.Stat {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		require.NoError(t, os.Chtimes(path, at, at))
		info, err := os.Stat(path)
		require.NoError(t, err)
		return filestat.Of(info)
	}
	first := write("one")
	assert.NotZero(t, first.Inode)
	assert.NotZero(t, first.Changed)
	grown := write("longer")
	assert.True(t, first.SameFile(grown))

	before := write("two")
	require.Eventually(t, func() bool { return write("six") != before }, 5*time.Second, time.Millisecond)
}
