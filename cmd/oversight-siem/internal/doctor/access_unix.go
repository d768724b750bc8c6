// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package doctor

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// mayWrite asks the system whether this user may make files in a directory, and makes
// none.
func mayWrite(directory string) error {
	if err := unix.Access(directory, unix.W_OK|unix.X_OK); err != nil {
		return &fs.PathError{Op: "access", Path: directory, Err: err}
	}
	return nil
}
