// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// shareAll lets other processes read, write, rename and delete a file that is
// open here. Without FILE_SHARE_DELETE, which [os.Open] leaves out, a registry
// could not remove its log while it is being read.
const shareAll = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE

// openFile opens a file for reading. Other processes may write, rename and delete it.
func openFile(path string) (*os.File, error) { return openShared(path, shareAll) }

// checkNoWriter returns an error that is [errors.ErrUnsupported] if a process has
// the database open for writing: opening a file fails then if it is not to be
// shared with writers. The file is open that way for a moment only, and SQLite
// tries again for 250 ms to open a file that is (winRetryIoerr).
func checkNoWriter(path string) error {
	f, err := openShared(path, shareAll&^windows.FILE_SHARE_WRITE)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return fmt.Errorf("%s is open for writing in another process, and on Windows a database that is being written cannot be read: stop the registry, or read a copy of the database: %w", path, errors.ErrUnsupported)
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func openShared(path string, share uint32) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	handle, err := windows.CreateFile(name, windows.GENERIC_READ, share, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
