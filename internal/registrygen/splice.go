// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// splice is what becomes of a part of a file.
type splice struct {
	offset, length int64
	text           []byte // in its place; not longer
}

// apply changes the file in its place. Whatever follows a shorter text moves up.
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
	// What is written has always been read before.
	moved, err := io.Copy(io.NewOffsetWriter(file, end), io.NewSectionReader(file, next, info.Size()-next))
	if err != nil {
		return err
	}
	return file.Truncate(end + moved)
}

// applyToCopy does the same to a copy, which then takes the file's place.
func (s splice) applyToCopy(path string) (err error) {
	temporary := path + ".tmp"
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

// rewrite changes the log as the options say.
func (t *tampering) rewrite(s splice) error {
	apply := s.apply
	if t.options.Replace {
		apply = s.applyToCopy
	}
	if err := apply(t.log); err != nil {
		return fmt.Errorf("rewriting the transparency log %s: %w", t.log, err)
	}
	return nil
}
