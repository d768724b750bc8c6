// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// A database that nobody has open for writing is read, under a path with a drive
// letter and backslashes, and can be renamed and deleted meanwhile.
func TestDatabaseWithoutAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.sqlite")
	execute(t, path, "CREATE TABLE t (n); INSERT INTO t VALUES (42)")
	db := livedb.Open(path)
	defer db.Close()
	view(t, db, func(conn *livedb.Conn) {
		assert.Equal(t, int64(42), firstRow(t, conn, "SELECT n FROM t").Column(0).Int64())
		assert.NoError(t, os.Rename(path, path+".moved"))
		assert.NoError(t, os.Rename(path+".moved", path))
	})
}

func TestDatabaseThatIsOpenForWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.sqlite")
	execute(t, path, "CREATE TABLE t (n); INSERT INTO t VALUES (42)")
	writer := openKept(t, path)
	require.NoError(t, writer.Ping())
	db := livedb.Open(path)
	defer db.Close()
	read := func(*livedb.Conn, livedb.Attempt) error { return nil }
	_, err := db.View(t.Context(), read)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, path)

	require.NoError(t, writer.Close())
	_, err = db.View(t.Context(), read)
	require.NoError(t, err)
}
