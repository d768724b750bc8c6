// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// streamBuffer is how much is written at once, in bytes: enough that the call
// costs nothing for an event.
const streamBuffer = 128 << 10

// errClosedPipe says that nobody reads the output any more, which is no failure.
var errClosedPipe = errors.New("the output was closed by what reads it")

// stream writes documents as lines. Only whole lines are handed to the writer.
type stream struct {
	encode encoder
	name   string // for errors
	out    io.Writer
	close  func() error

	lines []byte
	kept  tally // in lines
	done  tally
}

func newStream(encode encoder, name string, out io.Writer) *stream {
	return &stream{encode: encode, name: name, out: out, close: func() error { return nil }}
}

func (s *stream) add(ctx context.Context, e *translator.Event) error {
	s.lines = append(s.encode(s.lines, e), '\n')
	s.kept.events++
	s.kept.last = e.ID
	if len(s.lines) < streamBuffer {
		return nil
	}
	return s.flush(ctx)
}

func (s *stream) flush(context.Context) error {
	if s.kept.events == 0 {
		return nil
	}
	n, err := s.out.Write(s.lines)
	if err != nil {
		return errors.Join(writeError(s.name, err), s.cutOff(s.lines[:n]))
	}
	s.done = tally{s.done.events + s.kept.events, s.kept.last}
	s.kept.events, s.lines = 0, s.lines[:0]
	return nil
}

// cutOff takes back what was written of the lines, from a file that is full for
// example: all of them come again.
func (s *stream) cutOff(written []byte) error {
	f, ok := s.out.(*os.File)
	if !ok || len(written) == 0 {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	end, err := f.Seek(0, io.SeekCurrent)
	if err != nil || end != info.Size() { // somebody else writes there too
		return err
	}
	return f.Truncate(end - int64(len(written)))
}

func (s *stream) accepted() tally { return s.done }

// Close implements [io.Closer].
func (s *stream) Close() error { return s.close() }

// writeError explains an error from writing.
func writeError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return errClosedPipe
	default:
		return fmt.Errorf("writing to %s: %w", name, err)
	}
}

// openFile returns a stream that appends to a file.
func openFile(encode encoder, path string) (*stream, error) {
	unfinished, err := endsWithinLine(path)
	if err != nil {
		return nil, fmt.Errorf("--output %s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--output %s: give a file that can be written, - or a URL: %w", path, err)
	}
	s := newStream(encode, path, f)
	s.close = func() error { return closeFile(f) }
	if unfinished {
		s.lines = append(s.lines, '\n')
	}
	return s, nil
}

// closeFile makes sure that a regular file is on the disk.
func closeFile(f *os.File) error {
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// endsWithinLine reports whether an earlier writer of the file was ended within
// a line.
func endsWithinLine(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrPermission) {
		return false, nil // write only: then it cannot be known
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		return false, err
	}
	return !bytes.Equal(last, []byte("\n")), nil
}
