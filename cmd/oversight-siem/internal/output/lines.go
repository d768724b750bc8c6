// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// BufferSize is how much is written at once, in bytes: enough that the system
// call is cheap for each event.
const BufferSize = 128 << 10

// StandardOutput is what errors call standard output.
const StandardOutput = "standard output"

// ErrClosed says that whatever read the output has closed it, as head does. That
// is no failure.
var ErrClosed = errors.New("the output was closed by its reader")

// Lines is a [Sink] that writes a line for each event. It passes only whole
// lines to the writer.
type Lines struct {
	encode Encode
	name   string // for errors
	out    io.Writer
	file   *os.File // nil if Close has nothing to close

	buffer    []byte
	buffered  Counts
	delivered Counts
}

// NewLines returns a sink that writes to out, which errors call name. Close does
// not close out.
func NewLines(encode Encode, name string, out io.Writer) *Lines {
	return &Lines{encode: encode, name: name, out: out}
}

// Add implements [Sink].
func (l *Lines) Add(ctx context.Context, e *translator.Event) error {
	l.buffer = append(l.encode(l.buffer, e), '\n')
	l.buffered.Events++
	l.buffered.LastID = e.ID
	if len(l.buffer) < BufferSize {
		return nil
	}
	return l.Flush(ctx)
}

// Flush implements [Sink]. Its error matches [ErrClosed] if nothing reads the
// output any more.
func (l *Lines) Flush(context.Context) error {
	if l.buffered.Events == 0 {
		return nil
	}
	n, err := l.out.Write(l.buffer)
	if err != nil {
		return errors.Join(WriteError(l.name, err), l.removePartialWrite(n))
	}
	l.delivered = Counts{Events: l.delivered.Events + l.buffered.Events, LastID: l.buffered.LastID}
	l.buffered.Events, l.buffer = 0, l.buffer[:0]
	return nil
}

// removePartialWrite removes the last n bytes from a file, for example on a full
// disk: none of these lines counts as delivered, and the next run writes them.
func (l *Lines) removePartialWrite(n int) error {
	f, ok := l.out.(*os.File)
	if !ok || n == 0 {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	end, err := f.Seek(0, io.SeekCurrent)
	if err != nil || end != info.Size() { // another process writes there too
		return err
	}
	return f.Truncate(end - int64(n))
}

// Delivered implements [Sink].
func (l *Lines) Delivered() Counts { return l.delivered }

// Close implements [Sink].
func (l *Lines) Close() error {
	if l.file == nil {
		return nil
	}
	return CloseFile(l.file)
}

// WriteError returns the error of a write to what name says: nil for nil,
// [ErrClosed] if nothing reads it any more.
func WriteError(name string, err error) error {
	switch {
	case err == nil:
		return nil
	case isClosedPipe(err):
		return ErrClosed
	default:
		return fmt.Errorf("write to %s: %w", name, err)
	}
}
