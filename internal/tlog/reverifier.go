// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import "context"

// reverifier reads again the leaves before the first chunk of the Log's tree, which
// the tree knows only by the nodes over them.
type reverifier struct {
	active    bool
	reader    leafReader
	chunkTree tree  // over the chunk that is being read
	offset    int64 // in the file, of the chunk's first line
	unknown   bool  // the hash of a leaf in the chunk is not known
	upper     tree  // over the chunks that have been read
	chunks    []chunkNode
	corrupt   corruptRun
}

func (r *reverifier) stop() { r.active, r.chunks = false, nil }

// start begins at the file's first leaf, if there is anything to read.
func (r *reverifier) start(l *Log) {
	r.active = l.firstChunk > 0
	r.upper, r.chunkTree = newTree(0), newTree(0)
	r.chunks, r.offset, r.unknown = nil, 0, false
	r.reader.reset(l.file, 0, 0)
}

// step reads to the end of a chunk. If it is interrupted, the next call continues.
func (r *reverifier) step(ctx context.Context, l *Log) error {
	for read := r.reader.lines.offset; !r.chunkTree.full(); {
		if r.reader.lines.offset-read > minRead && ctx.Err() != nil {
			return errInterrupted
		}
		next, err := r.reader.next(ctx)
		if err != nil {
			return err
		}
		if next.fault != "" {
			r.corrupt.add(next.number, next.fault)
		}
		if r.chunkTree.empty() {
			r.offset = next.offset
		}
		r.chunkTree.add(next.hash)
		r.unknown = r.unknown || !next.hashKnown
	}
	node := chunkNode{r.offset, r.chunkTree.top(), r.unknown}
	if i, found := l.findAltered(int64(len(r.chunks))); found {
		if l.altered[i].Content != node.root {
			return errContentChanged
		}
		r.upper.joinChunk(l.altered[i].Root)
	} else {
		r.upper.join(r.chunkTree)
	}
	r.chunks = append(r.chunks, node)
	r.chunkTree, r.unknown = newTree(r.upper.End()), false
	if r.upper.End() < l.base.End() {
		return nil
	}
	return r.finish(l)
}

// finish compares what has been read again with the nodes in the Log's tree, and
// adds the chunks to it.
func (r *reverifier) finish(l *Log) error {
	if !r.upper.Equal(l.base.Range) {
		return errContentChanged
	}
	r.active = false
	l.base = newTree(0)
	l.chunks = append(r.chunks, l.chunks...)
	l.firstChunk, r.chunks = 0, nil
	return nil
}
