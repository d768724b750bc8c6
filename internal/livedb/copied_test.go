// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// copyOver copies a database and its log over another one, as cp does: into the same
// files.
func copyOver(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(from + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(to + suffix)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+suffix, data, 0o600))
	}
}

// A backup is copied over a database while that is open here, and is written to as often
// as the one that was read, so that the numbers in its header are the same.
func TestBackupCopiedOver(t *testing.T) {
	for name, pragmas := range map[string]string{
		"log":              "PRAGMA journal_mode=WAL",
		"rollback journal": "PRAGMA journal_mode=DELETE",
	} {
		for _, withLog := range []bool{false, true} {
			t.Run(name+map[bool]string{false: "/closed", true: "/with its log"}[withLog], func(t *testing.T) {
				path := create(t, pragmas, schema+"INSERT INTO parts(value) VALUES (1);")
				backup := path + ".backup"
				if withLog {
					kept := openKept(t, path)
					_, err := kept.ExecContext(t.Context(), "INSERT INTO parts(value) VALUES (1)")
					require.NoError(t, err)
					copyOver(t, path, backup)
					require.NoError(t, kept.Close())
				} else {
					copyOver(t, path, backup)
				}
				db := open(t, path)
				values := func() (all string) {
					view(t, db, func(conn *livedb.Conn) {
						all = string(firstRow(t, conn, "SELECT group_concat(value) FROM parts").Column(0).Text())
					})
					return all
				}
				before := "1"
				if withLog {
					before = "1,1"
				}
				assert.Equal(t, before, values())
				for _, value := range []string{"2", "3", "4"} {
					execute(t, path, "INSERT INTO parts(value) VALUES ("+value+")")
					assert.Equal(t, before+","+value, values())
					copyOver(t, backup, path)
				}
				assert.Equal(t, before, values())
			})
		}
	}
}
