// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// Pages is where the bits of leaves are kept between two runs, a page of 4096
// leaves under its number. It is called by one goroutine at a time.
type Pages interface {
	// Page returns a page as it was saved last; nil if it never was.
	Page(ctx context.Context, number int64) ([]byte, error)
}

// page is what is saved of leaves, and two bits that are not.
type page struct {
	kept          checkpoint.LogPage
	staged        [checkpoint.PageWords]uint64 // claimed by a row that is not committed
	rechecked     [checkpoint.PageWords]uint64 // claimed by a row that is compared again
	revision      int                          // counts the changes since it was loaded
	savedRevision int
}

// pages is all that is known of leaves. The zero value knows nothing.
type pages struct {
	source      Pages
	loaded      map[int64]*page
	stored      int64 // pages from this one on are not in the source
	deleteBelow int64 // pages before this one are deleted by the next save, unless it writes them
	generation  int   // counts the calls of reset

	failed    int64 // the number of the last page that could not be loaded
	failedErr error // why; nil: it was loaded since
}

// page returns the page of a leaf.
func (p *pages) page(ctx context.Context, index int64) (*page, error) {
	number := index / checkpoint.PageLeaves
	if found, ok := p.loaded[number]; ok {
		return found, nil
	}
	loaded := new(page)
	if number < p.stored {
		data, err := p.source.Page(ctx, number)
		if err == nil && data != nil {
			err = loaded.kept.Decode(data)
		}
		if err != nil {
			p.failed, p.failedErr = number, fmt.Errorf("load checkpoint page %d of the transparency log: %w", number, err)
			return nil, p.failedErr
		}
	}
	if number == p.failed {
		p.failedErr = nil
	}
	if p.loaded == nil {
		p.loaded = map[int64]*page{}
	}
	p.loaded[number] = loaded
	return loaded, nil
}

// claim makes the claim of a row that agrees with its leaf final.
func (p *page) claim(index int64) {
	word, bit := bitOf(index)
	if p.kept.Claimed[word]&bit == 0 {
		p.kept.Claimed[word] |= bit
		p.revision++
	}
	p.resolve(index)
}

func (p *page) resolve(index int64) {
	word, bit := bitOf(index)
	if p.kept.Resolved[word]&bit == 0 {
		p.kept.Resolved[word] |= bit
		p.revision++
	}
}

func (p *page) isClaimed(index int64) bool {
	word, bit := bitOf(index)
	return (p.kept.Claimed[word]|p.staged[word]|p.rechecked[word])&bit != 0
}

// wasClaimed reports whether a row's claim is final.
func (p *page) wasClaimed(index int64) bool {
	word, bit := bitOf(index)
	return p.kept.Claimed[word]&bit != 0
}

func (p *page) claimInLook(index int64) {
	word, bit := bitOf(index)
	p.rechecked[word] |= bit
}

// commitLook makes the claims of rows that were compared again final.
func (p *pages) commitLook() {
	for _, loaded := range p.loaded {
		for word, bits := range loaded.rechecked {
			if bits != 0 {
				loaded.kept.Claimed[word] |= bits
				loaded.kept.Resolved[word] |= bits
				loaded.revision++
			}
		}
		loaded.rechecked = [checkpoint.PageWords]uint64{}
	}
}

// dropLook drops them.
func (p *pages) dropLook() {
	for _, loaded := range p.loaded {
		loaded.rechecked = [checkpoint.PageWords]uint64{}
	}
}

func (p *page) stage(index int64) {
	word, bit := bitOf(index)
	p.staged[word] |= bit
}

func (p *page) unstage(index int64) {
	word, bit := bitOf(index)
	p.staged[word] &^= bit
}

// firstUnresolved is the first leaf from a given one on, of those in the same
// page, that is not resolved; the first of the next page if all are.
func (p *page) firstUnresolved(index int64) int64 {
	base := index - index%checkpoint.PageLeaves
	word, bit := bitOf(index)
	unresolved := ^p.kept.Resolved[word] &^ (bit - 1)
	for unresolved == 0 {
		if word++; word == checkpoint.PageWords {
			return base + checkpoint.PageLeaves
		}
		unresolved = ^p.kept.Resolved[word]
	}
	return base + int64(64*word+bits.TrailingZeros64(unresolved))
}

func bitOf(index int64) (word int, bit uint64) {
	return int(index % checkpoint.PageLeaves / 64), 1 << (index % 64)
}

// setChunks keeps the roots of chunks that are known. A root that was kept before
// and is not known now stays: that is what it is kept for.
func (p *page) setChunks(roots []tlog.Hash) {
	for i, root := range roots {
		if root != (tlog.Hash{}) {
			p.kept.Chunks[i] = root
			p.kept.ChunksKnown |= 1 << i
		}
	}
}

// dropChunks forgets the roots of the chunks that have a leaf from index on, which
// may be another leaf now.
func (p *page) dropChunks(index int64) {
	first := int(index % checkpoint.PageLeaves / checkpoint.ChunkLeaves)
	clear(p.kept.Chunks[first:])
	p.kept.ChunksKnown &= 1<<first - 1
}

// reset forgets all that is known.
func (p *pages) reset() {
	p.generation++
	p.deleteBelow = max(p.deleteBelow, p.stored)
	p.loaded, p.stored, p.failedErr = nil, 0, nil
}

// forget forgets all that is known of the leaves from one on and before end, which are
// other leaves now or will be.
func (p *pages) forget(ctx context.Context, from, end int64) error {
	last := p.stored - 1
	for number := range p.loaded {
		last = max(last, number)
	}
	for number := from / checkpoint.PageLeaves; number <= last && number*checkpoint.PageLeaves < end; number++ {
		first := max(from, number*checkpoint.PageLeaves)
		known, err := p.page(ctx, first)
		if err != nil {
			return err
		}
		for index := first; index < min(end, (number+1)*checkpoint.PageLeaves); index++ {
			word, bit := bitOf(index)
			known.kept.Claimed[word] &^= bit
			known.kept.Resolved[word] &^= bit
		}
		known.dropChunks(first)
		known.revision++
	}
	return nil
}

// copyTo adds to a snapshot what has changed since the last one that was saved.
// chunkRoots is [tlog.Log.ChunkRoots].
func (p *pages) copyTo(s *Snapshot, chunkRoots func(first, n int64) []tlog.Hash) {
	s.generation, s.Pages, s.revisions = p.generation, map[int64][]byte{}, map[int64]int{}
	for number, loaded := range p.loaded {
		if loaded.revision != loaded.savedRevision {
			loaded.setChunks(chunkRoots(number*checkpoint.PageChunks, checkpoint.PageChunks))
			s.Pages[number], s.revisions[number] = loaded.kept.Encode(), loaded.revision
			p.stored = max(p.stored, number+1)
		}
	}
	for number := range p.deleteBelow {
		if s.Pages[number] == nil {
			s.DeletedPages = append(s.DeletedPages, number)
		}
	}
}

// saved notes that a snapshot is where the source finds it.
func (p *pages) saved(s *Snapshot) {
	if s.generation != p.generation {
		return // the pages were reset since, and all are saved
	}
	for number, revision := range s.revisions {
		if loaded := p.loaded[number]; loaded != nil {
			loaded.savedRevision = revision
		}
	}
	p.deleteBelow = 0
}
