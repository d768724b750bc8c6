// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"encoding/binary"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

const (
	// PageLeaves is how many leaves share a page.
	PageLeaves = 4096
	// PageWords is how many words hold one bit for each of them.
	PageWords = PageLeaves / 64
	// ChunkLeaves is how many leaves a chunk has, whose hash is kept: 256. A log
	// with other chunks needs another version of the format.
	ChunkLeaves = tlog.ChunkSize
	// PageChunks is how many chunks a page has.
	PageChunks = PageLeaves / ChunkLeaves

	bitsSize    = 2 * PageWords * 8
	logPageSize = bitsSize + 2 + PageChunks*hashSize + sumSize
	hashSize    = len(tlog.Hash{})
)

// LogPage is what is known of 4096 leaves: two bits for each, and the hash of each
// chunk of 256 leaves. It is rewritten when something about one of them changes.
type LogPage struct {
	// Claimed has the bit n%64 of word n/64 set if a row that agrees with the leaf
	// n of the page claimed it.
	Claimed [PageWords]uint64
	// Resolved has it set if no row is expected any more: the leaf was claimed, is
	// not a beacon leaf, or was reported.
	Resolved [PageWords]uint64
	// ChunksKnown has the bit n set if Chunks[n] counts.
	ChunksKnown uint16
	// Chunks are the roots of the subtrees of 256 leaves each, from which later
	// roots can be computed past a leaf that has become unreadable.
	Chunks [PageChunks]tlog.Hash
}

// Encode returns the value of a page under [LogPrefix].
func (p *LogPage) Encode() []byte {
	data := make([]byte, 0, logPageSize)
	for _, words := range []*[PageWords]uint64{&p.Claimed, &p.Resolved} {
		for _, word := range words {
			data = binary.LittleEndian.AppendUint64(data, word)
		}
	}
	data = binary.LittleEndian.AppendUint16(data, p.ChunksKnown)
	for i := range p.Chunks {
		data = append(data, p.Chunks[i][:]...)
	}
	return appendSum(data)
}

// Decode reads the value of a page under [LogPrefix].
func (p *LogPage) Decode(data []byte) error {
	data, err := cutSum(data)
	if err != nil {
		return err
	}
	if len(data) != logPageSize-sumSize {
		return damaged("%d bytes, a page has %d", len(data)+sumSize, logPageSize)
	}
	p.decodeBits(data)
	p.ChunksKnown = binary.LittleEndian.Uint16(data[bitsSize:])
	data = data[bitsSize+2:]
	for i := range p.Chunks {
		copy(p.Chunks[i][:], data[i*hashSize:])
	}
	return nil
}

func (p *LogPage) decodeBits(data []byte) {
	for _, words := range []*[PageWords]uint64{&p.Claimed, &p.Resolved} {
		for i := range words {
			words[i] = binary.LittleEndian.Uint64(data)
			data = data[8:]
		}
	}
}
