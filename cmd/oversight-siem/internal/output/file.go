// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"errors"
	"fmt"
	"os"
)

// OpenFile returns a sink that appends to the file at path. A new file can be
// read by its owner only. If the last line of the file is incomplete, a line end
// comes before the first event. Errors name the flag --output.
func OpenFile(encode Encode, path string) (*Lines, error) {
	incomplete, err := HasIncompleteLine(path)
	if err != nil {
		return nil, fmt.Errorf("--output %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--output is %s: must be a writable file, - or a URL: %w", path, err)
	}
	l := NewLines(encode, path, f)
	l.file = f
	if incomplete {
		l.buffer = append(l.buffer, '\n')
	}
	return l, nil
}

// CloseFile closes a file that was written to. A regular file is on the disk
// when it returns nil.
func CloseFile(f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// HasIncompleteLine reports whether the last line of a regular file has no line
// end: its writer is writing it, or has stopped while writing it. It is false
// for a file that does not exist, is not regular or may not be read.
func HasIncompleteLine(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrPermission) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		return false, err
	}
	return last[0] != '\n', nil
}
