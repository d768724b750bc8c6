// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package filestat_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/filestat"
)

// What holds on every system, whether or not it identifies files.
func TestStatOfFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	stat := func() filestat.Stat {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return filestat.Of(info)
	}
	require.NoError(t, os.WriteFile(path, []byte("one"), 0o600))
	first := stat()
	assert.True(t, first.Exists)
	assert.Equal(t, int64(3), first.Size)
	assert.Equal(t, first, stat(), "nothing was written")
	assert.True(t, first.SameFile(stat()))

	require.NoError(t, os.WriteFile(path, []byte("longer"), 0o600))
	assert.NotEqual(t, first, stat())

	other := path + ".new"
	require.NoError(t, os.WriteFile(other, []byte("longest"), 0o600))
	written := stat()
	require.NoError(t, os.Rename(other, path))
	assert.False(t, written.SameFile(stat()), "another file was renamed to the path")
	assert.False(t, first.SameFile(filestat.Stat{}))
	assert.True(t, filestat.Stat{}.SameFile(filestat.Stat{}))
}

// A file system in memory is not the system's own, so its [fs.FileInfo] carries no
// identity and no change time: what Windows has, on any system.
func TestStatWithoutIdentity(t *testing.T) {
	at := time.Unix(1735000000, 0)
	stat := func(content string, modified time.Time) filestat.Stat {
		info, err := fs.Stat(fstest.MapFS{"file": {Data: []byte(content), ModTime: modified}}, "file")
		require.NoError(t, err)
		return filestat.Of(info)
	}
	first := stat("one", at)
	assert.Equal(t, filestat.Stat{Exists: true, Size: 3, Modified: at.UnixNano()}, first)
	assert.True(t, first.SameFile(stat("one", at)))
	assert.False(t, first.SameFile(stat("longer", at)), "it grew: another file, to be on the safe side")
	assert.False(t, first.SameFile(stat("two", at.Add(time.Second))), "it was written to")
	assert.False(t, first.SameFile(filestat.Stat{}))
	assert.Equal(t, first, stat("two", at), "the one write that is not noticed: same size, modification time set back")

	identified := first
	identified.Inode = 7
	assert.False(t, identified.SameFile(first), "one of them is not identified")
}
