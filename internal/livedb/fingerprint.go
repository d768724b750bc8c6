// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// settleTime is how old the last change of a file must be before an unchanged
// fingerprint proves that nothing was written. File systems stamp files with a
// clock that ticks every few milliseconds, some only every two seconds, so two
// writes within a tick can leave the same stamp.
const settleTime = 2 * time.Second

// fingerprint is what tells, without opening the database, that it changed.
// Fingerprints are compared with ==.
type fingerprint struct {
	main, wal fileState
	index     [walIndexHdrSize]byte // of -shm: SQLite rewrites it with every commit
}

// fileState is a file as stat shows it; the zero value is no file.
type fileState struct {
	exists           bool
	dev, ino         uint64
	size             int64
	modified, status int64 // mtime and ctime in unix nanoseconds
}

// takeFingerprint looks at the files of the database at path.
func takeFingerprint(path string) (fingerprint, error) {
	var fp fingerprint
	info, err := os.Stat(path)
	if err != nil {
		return fp, err
	}
	if info.IsDir() {
		return fp, &fs.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	}
	fp.main = stateOf(info)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fp, err
	}
	if fp.wal, err = statIfThere(real + walSuffix); err != nil || !fp.wal.exists {
		return fp, err
	}
	if index, ok := readWalIndex(real + shmSuffix); ok {
		fp.index = index.header
	}
	return fp, nil
}

// settledAt reports whether the last change was long enough before now.
func (fp fingerprint) settledAt(now time.Time) bool {
	latest := max(fp.main.modified, fp.main.status, fp.wal.modified, fp.wal.status)
	return latest < now.Add(-settleTime).UnixNano()
}

// statIfThere returns the zero state for a file that does not exist.
func statIfThere(path string) (fileState, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fileState{}, nil
	}
	if err != nil {
		return fileState{}, err
	}
	return stateOf(info), nil
}

func (s fileState) same(other fileState) bool {
	return s.exists == other.exists && s.dev == other.dev && s.ino == other.ino
}
