// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// locksSupported says whether a file can be locked independently of what else
// the process does with it: open file description locks, see fcntl(2).
const locksSupported = true

func lockShared(f *os.File, start, length int64) error {
	err := fcntl(f, unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_RDLCK, Start: start, Len: length})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return conflict("a writer has %s locked", f.Name())
	}
	return err
}

func unlock(f *os.File, start, length int64) error {
	return fcntl(f, unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_UNLCK, Start: start, Len: length})
}

// lockedExclusively reports whether somebody else has an exclusive lock there.
// A shared lock is what a file opened for reading can ask about.
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
