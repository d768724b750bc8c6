// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck

import "github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"

const (
	// pageIDs is how many ids share a page of digests.
	pageIDs = checkpoint.DigestIDs * checkpoint.PageDigests
	// MaxPages is how many pages there are, so that a row with a far id does not make
	// them endless. They take 5 MB.
	MaxPages = 4096
	// maxBlocks is how many blocks that are.
	maxBlocks = MaxPages * checkpoint.PageDigests
	// MaxID is the highest id that has a digest: 1,073,741,823.
	MaxID = MaxPages*pageIDs - 1
)

// digests are the digests of all rows. The zero value has none.
type digests struct {
	pages map[int64]*checkpoint.DigestPage
	dirty map[int64]bool // pages that were changed or removed

	// last is the digest that was changed last, of the block lastBlock: most rows are of
	// the same one as the row before. nil: its page is not dirty, or is gone.
	last      *checkpoint.Digest
	lastBlock int64
}

// blockOf is the number of the 4,096 ids that an id is one of.
func blockOf(id int64) int64 { return id / checkpoint.DigestIDs }

func (d *digests) block(number int64) checkpoint.Digest {
	if page := d.pages[number/checkpoint.PageDigests]; page != nil {
		return page[number%checkpoint.PageDigests]
	}
	return checkpoint.Digest{}
}

func (d *digests) setBlock(number int64, digest checkpoint.Digest) {
	if d.block(number) != digest {
		*d.change(number) = digest
	}
}

// change is the digest of a block, to be changed.
func (d *digests) change(number int64) *checkpoint.Digest {
	if d.last != nil && d.lastBlock == number {
		return d.last
	}
	at := number / checkpoint.PageDigests
	page := d.pages[at]
	if page == nil {
		page = new(checkpoint.DigestPage)
		if d.pages == nil {
			d.pages = map[int64]*checkpoint.DigestPage{}
		}
		d.pages[at] = page
	}
	d.markDirty(at)
	d.last, d.lastBlock = &page[number%checkpoint.PageDigests], number
	return d.last
}

func (d *digests) markDirty(page int64) {
	if d.dirty == nil {
		d.dirty = map[int64]bool{}
	}
	d.dirty[page] = true
}

// saved says that the pages are saved as they are.
func (d *digests) saved() {
	clear(d.dirty)
	d.last = nil
}

// clear sets the digests of the blocks from one to before another to those of no rows,
// and returns how many rows they had.
func (d *digests) clear(from, to int64) (rows int64) {
	d.last = nil
	for number, page := range d.pages {
		for i := range page {
			block := number*checkpoint.PageDigests + int64(i)
			if block >= from && block < to && page[i] != (checkpoint.Digest{}) {
				rows += int64(page[i].Rows)
				page[i] = checkpoint.Digest{}
				d.markDirty(number)
			}
		}
		if *page == (checkpoint.DigestPage{}) {
			delete(d.pages, number)
		}
	}
	return rows
}

// next is the first block from one on that has rows; MaxPages times 64 if none has.
func (d *digests) next(from int64) int64 {
	for from < maxBlocks {
		page := d.pages[from/checkpoint.PageDigests]
		switch {
		case page == nil:
			from = (from/checkpoint.PageDigests + 1) * checkpoint.PageDigests
		case page[from%checkpoint.PageDigests] != (checkpoint.Digest{}):
			return from
		default:
			from++
		}
	}
	return maxBlocks
}
