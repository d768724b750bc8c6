// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package contenttools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockRetry is how often a lock is tried that another process holds.
const lockRetry = 100 * time.Millisecond

// lock waits until no other process holds a lock, and returns its file. The system releases
// it when the processes that have the file open have ended. The file stays: a process may
// wait for it.
func lock(ctx context.Context, path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	retry := time.NewTicker(lockRetry)
	defer retry.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("another process holds %s: %w", path, ctx.Err())
		case <-retry.C:
		}
	}
}

// unlock releases a lock, also if a command has left a program behind that has it open.
func unlock(file *os.File) {
	_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
	_ = file.Close()
}
