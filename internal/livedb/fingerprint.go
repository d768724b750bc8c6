// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/filestat"
)

// settleTime is how old the last change of a file must be before an equal
// fingerprint proves that nothing was written. The clock of file systems ticks
// every few milliseconds, of some every two seconds, so two writes within a tick
// can leave the same times.
const settleTime = 2 * time.Second

// fingerprint shows whether a database changed, without opening it. Fingerprints are
// compared with ==.
type fingerprint struct {
	main, wal filestat.Stat
	index     [walIndexHdrSize]byte // of -shm: SQLite rewrites it with every commit
}

// takeFingerprint stats the files of the database at path.
func takeFingerprint(path string) (fingerprint, error) {
	var fp fingerprint
	info, err := os.Stat(path)
	if err != nil {
		return fp, err
	}
	if info.IsDir() {
		return fp, &fs.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	}
	fp.main = filestat.Of(info)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fp, err
	}
	if fp.wal, err = statIfExists(real + walSuffix); err != nil || !fp.wal.Exists {
		return fp, err
	}
	if index, ok := readWalIndex(real + shmSuffix); ok {
		fp.index = index.header
	}
	return fp, nil
}

// settledAt reports whether the last change was long enough before now.
func (fp fingerprint) settledAt(now time.Time) bool {
	latest := max(fp.main.Modified, fp.main.Changed, fp.wal.Modified, fp.wal.Changed)
	return latest < now.Add(-settleTime).UnixNano()
}

// statIfExists returns the zero Stat for a file that does not exist.
func statIfExists(path string) (filestat.Stat, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return filestat.Stat{}, nil
	}
	if err != nil {
		return filestat.Stat{}, err
	}
	return filestat.Of(info), nil
}
