// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
)

const (
	// pageLeaves is how many leaves share a page, which is what is saved when
	// something about one of them has changed: a kilobyte.
	pageLeaves = 4096
	pageWords  = pageLeaves / 64
	pageSize   = 2 * pageWords * 8
)

// Pages is where the bits of leaves are kept between two runs, a page of 4096
// leaves under its number. It is called by one goroutine at a time.
type Pages interface {
	// Page returns a page as it was saved last; nil if it never was.
	Page(ctx context.Context, number int64) ([]byte, error)
}

// page is two bits a leaf that are kept, and one that is not.
type page struct {
	claimed [pageWords]uint64 // a row that agrees with the leaf has claimed it
	settled [pageWords]uint64 // no row is awaited: claimed, no beacon's, or reported
	held    [pageWords]uint64 // claimed by a row that is not committed
	changes int               // since it was loaded
	saved   int               // of these
}

// pages is all that is known of leaves. The zero value knows nothing.
type pages struct {
	source Pages
	loaded map[int64]*page
	stored int64 // pages from this one on are not in the source
	dropTo int64 // those before are to be deleted, unless they are saved anew
	epoch  int   // how often something was forgotten
}

// at returns the page of a leaf.
func (p *pages) at(ctx context.Context, index int64) (*page, error) {
	number := index / pageLeaves
	if found, ok := p.loaded[number]; ok {
		return found, nil
	}
	loaded := new(page)
	if number < p.stored {
		data, err := p.source.Page(ctx, number)
		if err == nil && data != nil {
			err = loaded.decode(data)
		}
		if err != nil {
			return nil, fmt.Errorf("load what is known of leaves %d to %d: %w", number*pageLeaves, (number+1)*pageLeaves-1, err)
		}
	}
	if p.loaded == nil {
		p.loaded = map[int64]*page{}
	}
	p.loaded[number] = loaded
	return loaded, nil
}

// claim notes a row's claim. One that differs from its leaf settles it, but does
// not keep the row that the leaf is of from claiming it.
func (p *page) claim(index int64, agrees bool) {
	word, bit := bitOf(index)
	if agrees && p.claimed[word]&bit == 0 {
		p.claimed[word] |= bit
		p.changes++
	}
	p.settle(index)
}

func (p *page) settle(index int64) {
	word, bit := bitOf(index)
	if p.settled[word]&bit == 0 {
		p.settled[word] |= bit
		p.changes++
	}
}

func (p *page) isClaimed(index int64) bool {
	word, bit := bitOf(index)
	return (p.claimed[word]|p.held[word])&bit != 0
}

func (p *page) hold(index int64) {
	word, bit := bitOf(index)
	p.held[word] |= bit
}

func (p *page) release(index int64) {
	word, bit := bitOf(index)
	p.held[word] &^= bit
}

// firstOpen is the first leaf from a given one on, of those in the same page,
// that is not settled; the first of the next page if all are.
func (p *page) firstOpen(index int64) int64 {
	base := index - index%pageLeaves
	word, bit := bitOf(index)
	open := ^p.settled[word] &^ (bit - 1)
	for open == 0 {
		if word++; word == pageWords {
			return base + pageLeaves
		}
		open = ^p.settled[word]
	}
	return base + int64(64*word+bits.TrailingZeros64(open))
}

func bitOf(index int64) (word int, bit uint64) {
	return int(index % pageLeaves / 64), 1 << (index % 64)
}

// forget drops all that is known.
func (p *pages) forget() {
	p.epoch++
	p.dropTo = max(p.dropTo, p.stored)
	p.loaded, p.stored = nil, 0
}

// unclaim lets rows claim the leaves from size on again, which are other leaves
// now or will be. That nothing is awaited of them stays: it may be that they are
// there again in a moment.
func (p *pages) unclaim(ctx context.Context, size int64) error {
	last := p.stored - 1
	for number := range p.loaded {
		last = max(last, number)
	}
	for number := size / pageLeaves; number <= last; number++ {
		known, err := p.at(ctx, number*pageLeaves)
		if err != nil {
			return err
		}
		for index := max(size, number*pageLeaves); index < (number+1)*pageLeaves; index++ {
			word, bit := bitOf(index)
			known.claimed[word] &^= bit
		}
		known.changes++
	}
	return nil
}

// copyTo adds to a snapshot what has changed since the last one that was saved.
func (p *pages) copyTo(s *Snapshot) {
	s.epoch, s.Pages, s.versions = p.epoch, map[int64][]byte{}, map[int64]int{}
	for number, loaded := range p.loaded {
		if loaded.changes != loaded.saved {
			s.Pages[number], s.versions[number] = loaded.encode(), loaded.changes
			p.stored = max(p.stored, number+1)
		}
	}
	for number := range p.dropTo {
		if s.Pages[number] == nil {
			s.Drop = append(s.Drop, number)
		}
	}
}

// wasSaved notes that a snapshot is where the source finds it.
func (p *pages) wasSaved(s *Snapshot) {
	if s.epoch != p.epoch {
		return // the pages are other ones by now, and are saved again
	}
	for number, changes := range s.versions {
		if loaded := p.loaded[number]; loaded != nil {
			loaded.saved = changes
		}
	}
	p.dropTo = 0
}

func (p *page) encode() []byte {
	data := make([]byte, 0, pageSize)
	for _, words := range [][pageWords]uint64{p.claimed, p.settled} {
		for _, word := range words {
			data = binary.LittleEndian.AppendUint64(data, word)
		}
	}
	return data
}

func (p *page) decode(data []byte) error {
	if len(data) != pageSize {
		return fmt.Errorf("%d bytes, where a page has %d", len(data), pageSize)
	}
	for _, words := range []*[pageWords]uint64{&p.claimed, &p.settled} {
		for i := range words {
			words[i] = binary.LittleEndian.Uint64(data)
			data = data[8:]
		}
	}
	return nil
}
