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
		return notRegular(l.settings.Path)
	case l.file == nil:
		return l.openFile()
	case !os.SameFile(info, l.fileInfo):
		l.invalidate(ReverifyFileChanged)
		return l.openFile()
	}
	before := l.fileInfo
	l.fileInfo = info
	return l.detectChange(before)
}

// detectChange decides whether the file was appended to or changed otherwise.
func (l *Log) detectChange(before fs.FileInfo) error {
	grown, suspect := l.fileInfo.Size() > before.Size(), l.suspect
	l.suspect = nil
	switch {
	case l.fileInfo.Size() < l.reader.lines.offset+l.reader.lines.scanned:
		l.invalidate(ReverifyFileChanged)
	case grown:
		l.endSeen = false
		if l.pendingState != nil {
			return nil // all is still to be checked
		}
		l.reader.lines.dropPartialLine()
		return l.checkLastLine()
	case changed(l.fileInfo, before):
		// A system may set the time of a write before the size: only a file that has
		// not grown at the next look either was written to otherwise.
		l.suspect = l.fileInfo
		if l.pendingState == nil {
			return l.checkLastLine()
		}
	case suspect != nil:
		l.invalidate(ReverifyFileChanged)
	}
	return nil
}

// checkLastLine invalidates what is known if the last line is another one.
func (l *Log) checkLastLine() error {
	lineChanged, err := l.reader.lastLineChanged()
	if lineChanged {
		l.invalidate(ReverifyFileChanged)
	}
	return err
}

// changed reports whether a file was written to, or its times were set. Where the
// system has a change time, setting the modification time back hides nothing.
func changed(now, before fs.FileInfo) bool { return filestat.Of(now) != filestat.Of(before) }

func (l *Log) openFile() error {
	file, info, err := openRegular(l.settings.Path)
	if err != nil {
		return err
	}
	if l.file != nil {
		_ = l.file.Close() // it was only read
	}
	l.file, l.fileInfo, l.suspect, l.endSeen = file, info, nil, false
	if l.pendingState == nil {
		l.reader.reset(l.file, 0, 0)
	}
	return nil
}

// openRegular opens a regular file. Nothing else is opened, or waited for: a FIFO would
// block for ever.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notRegular(path)
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

func notRegular(path string) error {
	return &fs.PathError{Op: "open", Path: path, Err: errors.New("not a regular file")}
}

// invalidate has the file checked against what is known, as after a restart.
func (l *Log) invalidate(cause ReverifyCause) {
	l.startReverification(cause)
	l.endSeen, l.resuming, l.suspect = false, false, nil
	if l.pendingState != nil {
		return
	}
	if l.previousState == nil {
		l.keepRoots()
	}
	state := l.State()
	l.pendingState, l.previousState = &state, nil
}

// keepRoots keeps the roots of chunks for the comparison with what the file holds now,
// until that has been verified.
func (l *Log) keepRoots() {
	if l.previousRoots != nil {
		return
	}
	l.previousFirst = l.firstChunk
	l.previousRoots = l.ChunkRoots(l.firstChunk, int64(len(l.chunks)))
}
