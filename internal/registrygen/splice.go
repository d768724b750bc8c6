// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// splice replaces a part of a file.
type splice struct {
	offset, length int64
	text           []byte // the replacement; not longer
}

// apply changes the file in place. The rest of the file moves up behind a shorter text.
func (s splice) apply(path string) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := file.WriteAt(s.text, s.offset); err != nil {
		return err
	}
	if int64(len(s.text)) < s.length {
		if err := s.closeGap(file); err != nil {
			return err
		}
	}
	return file.Sync()
}

func (s splice) closeGap(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	end, next := s.offset+int64(len(s.text)), s.offset+s.length
	// Reading is always ahead of writing.
	moved, err := io.Copy(io.NewOffsetWriter(file, end), io.NewSectionReader(file, next, info.Size()-next))
	if err != nil {
		return err
	}
	return file.Truncate(end + moved)
}

// applyToCopy changes a copy, and renames it to the path of the file.
func (s splice) applyToCopy(path string) (err error) {
	temporary := path + temporarySuffix
	if err := copyFile(path, temporary); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := s.apply(temporary); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return os.Rename(temporary, path)
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	_, err = io.Copy(target, source)
	return err
}

// rewrite changes the log, in place or by a copy.
func (t *tampering) rewrite(s splice) error {
	apply := s.apply
	if t.options.Replace {
		apply = s.applyToCopy
	}
	if err := apply(t.log); err != nil {
		return fmt.Errorf("rewrite the transparency log %s: %w", t.log, err)
	}
	return nil
}
