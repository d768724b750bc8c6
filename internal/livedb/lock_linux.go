// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// locksSupported reports whether a lock belongs to an open file instead of the
// process: open file description locks, see fcntl(2).
const locksSupported = true

func lockShared(f *os.File, start, length int64) error {
	err := fcntl(f, unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_RDLCK, Start: start, Len: length})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return conflict("%s is locked by a writer", f.Name())
	}
	return err
}

func unlock(f *os.File, start, length int64) error {
	return fcntl(f, unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_UNLCK, Start: start, Len: length})
}

// lockedExclusively reports whether another process has an exclusive lock. A file
// that is open for reading can query the conflicts of a shared lock only.
func lockedExclusively(f *os.File, start, length int64) (bool, error) {
	lock := unix.Flock_t{Type: unix.F_RDLCK, Start: start, Len: length}
	err := fcntl(f, unix.F_OFD_GETLK, &lock)
	return lock.Type == unix.F_WRLCK, err
}

func fcntl(f *os.File, command int, lock *unix.Flock_t) error {
	lock.Whence = io.SeekStart
	if err := unix.FcntlFlock(f.Fd(), command, lock); err != nil {
		return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return nil
}
