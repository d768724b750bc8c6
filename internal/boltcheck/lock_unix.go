// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package boltcheck

import (
	"errors"
	"os"
	"syscall"
)

// isUsed reports whether another process holds bbolt's lock. If not, nobody gets it
// until the file is closed. Source: bolt_unix.go.
func isUsed(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
