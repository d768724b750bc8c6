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

// readLock is what holds writers off when nothing else helps: a shared lock on
// the database file, which keeps a rollback transaction from being written into
// it and a closing connection from removing the log, and one on the log's
// index, which keeps checkpoints from copying frames. Commits to a log go on.
//
// They are the locks of any reader of SQLite's, so the registry knows how to
// wait for them, and the kernel drops them if this process dies. They belong to
// the open files, not to the process: no other connection in it can lose them.
// The zero value holds nothing.
type readLock struct {
	main *os.File // locked; not owned
	shm  *os.File // locked; owned
}

// acquire takes the lock without waiting. What is held already stays so. It
// returns errConflict if a writer is at it.
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

// lockMain takes the shared lock as every reader does: through the pending
// byte, so that a writer who waits for the readers to leave gets its turn.
func lockMain(main *os.File) error {
	if err := lockShared(main, pendingByte, 1); err != nil {
		return err
	}
	err := lockShared(main, sharedFirst, sharedSize)
	return errors.Join(err, unlock(main, pendingByte, 1))
}

// release gives back what is held.
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

// writerPrepares reports whether a process has reserved the right to write.
// While the shared lock is held, it cannot have begun to.
func (l *readLock) writerPrepares() (bool, error) {
	if l.main == nil {
		return false, nil
	}
	return lockedExclusively(l.main, reservedByte, 1)
}
