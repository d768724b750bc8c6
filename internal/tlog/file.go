// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"io/fs"
	"os"

	"github.com/oversight-protocol/oversight-otelcol/internal/filestat"
)

// statFile compares what stat says of the file with what it said before.
func (l *Log) statFile() error {
	info, err := os.Stat(l.settings.Path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &fs.PathError{Op: "open", Path: l.settings.Path, Err: errors.New("not a regular file")}
	case l.file == nil:
		return l.openFile()
	case !os.SameFile(info, l.fileInfo):
		return l.onFileReplaced()
	}
	l.fileReplaced = false
	before := l.fileInfo
	l.fileInfo = info
	if l.pendingState != nil {
		return nil // all is still to be checked
	}
	return l.detectChange(before)
}

// detectChange decides whether the file was appended to or changed otherwise.
func (l *Log) detectChange(before fs.FileInfo) error {
	grown := l.fileInfo.Size() > before.Size()
	switch {
	case l.fileInfo.Size() < l.reader.lines.offset, !grown && changed(l.fileInfo, before):
		l.invalidate(ReverifyFileChanged)
	case grown:
		l.endSeen = false
		l.reader.lines.dropPartialLine()
		lineChanged, err := l.reader.lastLineChanged()
		if lineChanged {
			l.invalidate(ReverifyFileChanged)
		}
		return err
	}
	return nil
}

// changed reports whether a file was written to, or its times were set. Where the
// system has a change time, setting the modification time back hides nothing.
func changed(now, before fs.FileInfo) bool { return filestat.Of(now) != filestat.Of(before) }

// onFileReplaced is called when another file is at the path. What had been written
// to the old one before is part of the log, and is read first.
func (l *Log) onFileReplaced() error {
	if l.pendingState == nil && l.previousState == nil {
		l.fileReplaced, l.endSeen = true, false
		l.reader.lines.dropPartialLine()
		return nil
	}
	return l.reopen()
}

// reopen switches to the file that is at the path now.
func (l *Log) reopen() error {
	l.invalidate(ReverifyFileChanged) // before the reader leaves the old file
	return l.openFile()
}

func (l *Log) openFile() error {
	file, err := os.Open(l.settings.Path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if l.file != nil {
		_ = l.file.Close() // it was only read
	}
	l.file, l.fileInfo, l.fileReplaced, l.endSeen = file, info, false, false
	if l.pendingState == nil {
		l.reader.reset(l.file, 0, 0)
	}
	return nil
}

// invalidate has the file checked against what is known, as after a restart.
func (l *Log) invalidate(cause ReverifyCause) {
	l.startReverification(cause)
	l.endSeen = false
	if l.pendingState == nil {
		state := l.State()
		l.pendingState, l.previousState = &state, nil
	}
}
