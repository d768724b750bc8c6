// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"errors"
	"io"
)

// errContentChanged: at some offset the file does not hold what it held before.
var errContentChanged = errors.New("the leaves in the file have changed")

// rereadChunk adds the leaves before end, which have been read before, to a chunk. It
// returns the corrupt ones, which count only if the chunk has the root that it had.
func (l *Log) rereadChunk(r *leafReader, c *chunk, end int64) (faults []treeLeaf, err error) {
	for c.next() < end {
		next, err := r.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errContentChanged
		case err != nil:
			return nil, err
		case next.outOfOrder && len(c.entries) == 0: // the chunk began with a leaf
			return nil, errContentChanged
		}
		if next.fault != "" {
			next.data = nil
			faults = append(faults, next)
		}
		if !next.outOfOrder {
			l.texts.add(c, &next)
		}
	}
	return faults, nil
}

// addFaults adds corrupt leaves to the findings.
func (l *Log) addFaults(faults []treeLeaf) {
	for _, fault := range faults {
		l.corrupt.add(fault.index, fault.fault)
	}
}
