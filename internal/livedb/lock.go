// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"io/fs"
	"os"
)

// Bytes that SQLite's processes lock: in the database file, for its rollback
// protocol (https://sqlite.org/lockingv3.html, os.h), and in the log's index
// (https://sqlite.org/walformat.html, section 2.3).
const (
	pendingByte  = 0x40000000
	reservedByte = pendingByte + 1
	sharedFirst  = pendingByte + 2
	sharedSize   = 510

	walReadLock0 = 123
)

// readLock locks writers out: a shared lock on the database file keeps a rollback
// transaction from being written into it and a closing connection from removing
// the log, and one on the wal-index keeps checkpoints from copying frames. Commits
// to a log are still possible.
//
// These are the locks of every SQLite reader, so writers wait for them, and the
// kernel releases them if this process dies. They belong to the open files, not to
// the process: no other connection in it can release them. The zero value holds
// no lock.
type readLock struct {
	main *os.File // locked; not owned
	shm  *os.File // locked; owned
}

// acquire takes the locks that are not held yet, without waiting. It returns
// errConflict if a writer has locked the files.
func (l *readLock) acquire(main *os.File, realPath string) error {
	if l.main == nil {
		if err := lockMain(main); err != nil {
			return err
		}
		l.main = main
	}
	if l.shm != nil {
		return nil
	}
	shm, err := openFile(realPath + shmSuffix)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := lockShared(shm, walReadLock0, 1); err != nil {
		return errors.Join(err, shm.Close())
	}
	l.shm = shm
	return nil
}

// lockMain takes the shared lock as every reader does: it locks the pending byte
// first, so that a writer that waits for readers to finish is not starved.
func lockMain(main *os.File) error {
	if err := lockShared(main, pendingByte, 1); err != nil {
		return err
	}
	err := lockShared(main, sharedFirst, sharedSize)
	return errors.Join(err, unlock(main, pendingByte, 1))
}

// release releases the locks that are held.
func (l *readLock) release() error {
	var errs []error
	if l.shm != nil {
		errs = append(errs, l.shm.Close()) // which unlocks it
	}
	if l.main != nil {
		errs = append(errs, unlock(l.main, sharedFirst, sharedSize))
	}
	*l = readLock{}
	return errors.Join(errs...)
}

// reservedByWriter reports whether a process holds the reserved lock. While the
// shared lock is held here, it cannot have written to the database file yet.
func (l *readLock) reservedByWriter() (bool, error) {
	if l.main == nil {
		return false, nil
	}
	return lockedExclusively(l.main, reservedByte, 1)
}
