// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

// reverifier reads again the leaves from the file's first to the first chunk of the
// Log's tree, which the tree knows only by the nodes over them.
type reverifier struct {
	active     bool
	reader     leafReader
	chunkTree  tree  // over the chunk that is being read
	offset     int64 // in the file, of the chunk's first line
	unknown    bool  // the hash of a leaf in the chunk is not known
	upper      tree  // over the chunks that have been read
	chunks     []chunkNode
	firstChunk int64 // number of chunks[0]
	corrupt    corruptRun
}

func (r *reverifier) stop() { r.active, r.chunks = false, nil }

// start begins at the file's first leaf, if there is anything to read.
func (r *reverifier) start(l *Log) {
	r.active = l.first < l.firstChunk*ChunkSize
	r.upper, r.chunkTree = l.rotatedTree()
	r.firstChunk, r.chunks = l.first/ChunkSize, nil
	r.offset, r.unknown = 0, l.seedUnknown(l.first)
	r.reader.reset(l.file, 0, l.first)
}

// step reads to the end of a chunk.
func (r *reverifier) step(l *Log) error {
	for !r.chunkTree.full() {
		next, err := r.reader.next()
		if err != nil {
			return err
		}
		if next.fault != "" {
			r.corrupt.add(next.index, next.fault)
		}
		if next.outOfOrder {
			continue
		}
		if r.chunkTree.empty() {
			r.offset = next.offset
		}
		r.chunkTree.add(next.hash)
		r.unknown = r.unknown || !next.hashKnown
	}
	r.upper.join(r.chunkTree)
	r.chunks = append(r.chunks, chunkNode{r.offset, r.chunkTree.top(), r.unknown})
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
	l.base, _ = l.rotatedTree()
	l.chunks = append(r.chunks, l.chunks...)
	l.firstChunk, r.chunks = r.firstChunk, nil
	return nil
}
