// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package livedb_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

// Opening a named pipe blocks until somebody writes to it, and a context does not end
// that. So it is not opened.
func TestNamedPipe(t *testing.T) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		t.Run("database"+suffix, func(t *testing.T) {
			path := create(t, "PRAGMA journal_mode=WAL", schema)
			require.NoError(t, os.RemoveAll(path+suffix)) // SQLite keeps a log only while it is used
			require.NoError(t, unix.Mkfifo(path+suffix, 0o600))
			db := livedb.Open(path)
			var err error
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _, err = readState(t.Context(), db)
			}()
			select {
			case <-done:
				if suffix != "-shm" { // can be done without
					require.ErrorContains(t, err, path+suffix+": not a regular file")
				}
				require.NoError(t, db.Close())
			case <-time.After(10 * time.Second):
				// Ends the opening, so that the failure leaves no goroutine behind.
				pipe, err := os.OpenFile(path+suffix, os.O_RDWR, 0)
				require.NoError(t, err)
				<-done
				require.NoError(t, pipe.Close())
				require.Fail(t, "opening the named pipe blocks")
			}
		})
	}
}
