// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"io/fs"
	"os"

	"github.com/oversight-protocol/oversight-otelcol/internal/filestat"
)

// look compares what stat says of the file with what it said before.
func (l *Log) look() error {
	info, err := os.Stat(l.settings.Path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "open", Path: l.settings.Path, Err: errors.New("is no regular file")}
	case l.file == nil:
		return l.open()
	case !os.SameFile(info, l.seen):
		return l.exchange()
	}
	l.replaced = false
	before := l.seen
	l.seen = info
	if l.resume != nil {
		return nil // all is still to be looked at
	}
	return l.inspect(before)
}

// inspect compares the file with what it was before.
func (l *Log) inspect(before fs.FileInfo) error {
	grown := l.seen.Size() > before.Size()
	switch {
	case l.seen.Size() < l.walker.lines.offset, !grown && changed(l.seen, before):
		l.doubt()
	case grown:
		l.ended = false
		l.walker.lines.forgetPart()
		lost, err := l.walker.lost()
		if lost {
			l.doubt()
		}
		return err
	}
	return nil
}

// changed reports whether a file was written to, or its times were set. Where the
// system has a change time, setting the modification time back hides nothing.
func changed(now, before fs.FileInfo) bool { return filestat.Of(now) != filestat.Of(before) }

// exchange deals with another file at the path. What had been written to the old
// one before that is part of the log.
func (l *Log) exchange() error {
	if l.resume == nil && l.before == nil {
		l.replaced, l.ended = true, false
		l.walker.lines.forgetPart()
		return nil
	}
	return l.reopen()
}

// reopen goes over to the file that is at the path now.
func (l *Log) reopen() error {
	l.doubt() // as long as the walker is in the old one
	return l.open()
}

func (l *Log) open() error {
	file, err := os.Open(l.settings.Path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.seen, l.replaced, l.ended = file, info, false, false
	if l.resume == nil {
		l.walker.reset(l.file, 0, 0)
	}
	return nil
}

// doubt has the file checked against what is known, as after a restart.
func (l *Log) doubt() {
	l.ended = false
	if l.resume == nil {
		state := l.State()
		l.resume, l.before = &state, nil
	}
}
