// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
	"io"
)

// errContentChanged: at some offset the file does not hold what it held before.
var errContentChanged = errors.New("the leaves in the file have changed")

// rereadChunk adds the leaves before end, which have been read before, to a chunk. If
// it is interrupted, the next call continues.
func (l *Log) rereadChunk(ctx context.Context, r *leafReader, c *chunk, end int64, onLeaf func(*treeLeaf)) error {
	for read := r.lines.offset; c.next() < end; {
		if r.lines.offset-read > minRead && ctx.Err() != nil {
			return errInterrupted
		}
		next, err := r.next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return errContentChanged
		case err != nil:
			return err
		}
		l.texts.add(c, &next)
		if next.fault != "" {
			l.rereadFaults = append(l.rereadFaults, leafFault{next.number, next.fault})
		}
		if onLeaf != nil {
			onLeaf(&next)
		}
	}
	return nil
}

// leafFault is what is wrong with a leaf that was read again. It counts only if the
// other leaves are those that were read before.
type leafFault struct {
	number int64
	fault  string
}

// reportFaults adds the corrupt leaves that were read again to the findings.
func (l *Log) reportFaults() {
	for _, fault := range l.rereadFaults {
		l.corrupt.add(fault.number, fault.fault)
	}
	l.rereadFaults = nil
	l.corrupt.flush()
}
