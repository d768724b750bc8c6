// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// errNotRegular says that a path is a directory, a pipe, a socket or a device.
var errNotRegular = errors.New("not a regular file")

// OpenRegular opens a file for reading. It never waits: a path that is no regular file,
// such as a pipe that nobody writes to, is an error at once. It does not open these:
// opening some devices has an effect, and root may open all.
func OpenRegular(path string) (*os.File, error) {
	if err := checkRegular(path, func() (fs.FileInfo, error) { return os.Stat(path) }); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := checkRegular(path, f.Stat); err != nil { // it was replaced since
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func checkRegular(path string, stat func() (fs.FileInfo, error)) error {
	info, err := stat()
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		failed.Op = "open" // what the user asked for
	}
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	return err
}

// ReadRegular returns the content of a regular file. One that is larger than limit, in
// bytes, is an error.
func ReadRegular(path string, limit int64) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("the file is larger than %d bytes", limit)
	}
	return text, err
}
