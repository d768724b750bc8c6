// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package newfile writes files that are complete or absent.
package newfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists says that there is a file already.
var ErrExists = errors.New("the file exists")

// errNotRegular says that there is no file to replace, but a directory or a device.
var errNotRegular = errors.New("it is not a regular file")

// Settings say how a file is written.
type Settings struct {
	Path string
	// Mode is the permissions of the file.
	Mode fs.FileMode
	// Replace replaces a file that exists, which keeps its owner, group and permissions.
	// Otherwise that is [ErrExists].
	Replace bool
}

// Check returns [ErrExists] if the file exists and must not be replaced, so that a long
// job need not start.
func (s *Settings) Check() error {
	if _, err := os.Lstat(s.Path); err == nil && !s.Replace {
		return ErrExists
	}
	return nil
}

// Write writes a file under a temporary name in the same directory, and renames it when
// it is complete and on the disk. After an error nothing is left.
func Write(s Settings, write func(io.Writer) error) (err error) {
	if err := s.Check(); err != nil {
		return err
	}
	keep, err := s.follow()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(s.Path), "."+filepath.Base(s.Path)+".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.Remove(file.Name()); !errors.Is(removeErr, fs.ErrNotExist) {
			err = errors.Join(err, removeErr)
		}
	}()
	err = write(file)
	if err == nil && keep != nil {
		err = keepOwner(file, keep)
	}
	if err == nil {
		err = file.Chmod(s.Mode)
	}
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return s.publish(file.Name())
}

// follow turns the settings to the file that is replaced: where a link leads, with the
// permissions that it has. It returns nil if there is none.
func (s *Settings) follow() (fs.FileInfo, error) {
	if !s.Replace {
		return nil, nil
	}
	target, err := filepath.EvalSymlinks(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	info, err := os.Stat(target)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	s.Path, s.Mode = target, info.Mode().Perm()
	return info, nil
}

// publish gives the file its name.
func (s *Settings) publish(temporary string) error {
	if s.Replace {
		return os.Rename(temporary, s.Path)
	}
	// A link, other than a rename, never replaces a file that somebody has written since.
	err := os.Link(temporary, s.Path)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return ErrExists
	default: // a file system without links
		if err := s.Check(); err != nil {
			return err
		}
		return os.Rename(temporary, s.Path)
	}
}

// Advice explains an error of [Write] to the person who passed the path with a flag.
func Advice(flag, path string, err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok { // its path is the temporary one
		err = wrapped.Err
	}
	return fmt.Errorf("%s %s cannot be written, and nothing was: %w", flag, path, err)
}
