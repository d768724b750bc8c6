// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package newfile_test

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/newfile"
)

func writeText(w io.Writer) error {
	_, err := io.WriteString(w, "new")
	return err
}

// A service reads its configuration by its group: a file that root replaces must stay
// readable for it.
func TestReplaceKeepsOwnerAndMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o604))
	require.NoError(t, os.Chmod(path, 0o604))
	group := os.Getgid()
	if os.Geteuid() == 0 {
		group = 12345 // others may give away no file
	}
	require.NoError(t, os.Chown(path, os.Getuid(), group))

	require.NoError(t, newfile.Write(newfile.Settings{Path: path, Mode: 0o640, Replace: true}, writeText))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o604), info.Mode())
	assert.EqualValues(t, group, info.Sys().(*syscall.Stat_t).Gid)
	assert.EqualValues(t, 3, info.Size())
}
