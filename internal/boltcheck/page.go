// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package boltcheck

import (
	"encoding/binary"
	"fmt"
)

const (
	headerBytes  = 16
	elementBytes = 16

	flagBranch = 0x01
	flagLeaf   = 0x02
	// flagBucket is a flag of an element of a leaf.
	flagBucket = 0x01
	// bucketBytes are in front of a bucket that is kept in its parent.
	bucketBytes = 16
)

// order is that of the machine: bbolt writes its structures as they are in memory.
var order = binary.NativeEndian

// page is a page with those that it overflows into.
type page struct {
	id     uint64
	isLeaf bool
	count  int
	data   []byte
}

// element is a key, with its value in a leaf, or with a page below it in a branch.
type element struct {
	key, value []byte
	isBucket   bool
	child      uint64
}

// read reads a page that was not read before.
func (c *checker) read(id uint64) (page, error) {
	bad := func(format string, args ...any) (page, error) {
		return page{}, fmt.Errorf("%w: page %d %s", ErrDamaged, id, fmt.Sprintf(format, args...))
	}
	if pages := min(c.meta.pages, uint64(c.size/c.meta.pageSize)); id < 2 || id >= pages { //nolint:gosec // not negative
		return bad("is not one of %d", pages)
	}
	header := make([]byte, headerBytes)
	if _, err := c.file.ReadAt(header, int64(id)*c.meta.pageSize); err != nil { //nolint:gosec // inside the file
		return bad("cannot be read: %v", err)
	}
	flags, overflow := order.Uint16(header[8:]), uint64(order.Uint32(header[12:]))
	if self := order.Uint64(header); self != id {
		return bad("says that it is %d", self)
	}
	if flags != flagLeaf && flags != flagBranch {
		return bad("has the flags %#x", flags)
	}
	if overflow >= uint64(c.size/c.meta.pageSize)-id { //nolint:gosec // not negative
		return bad("overflows into %d more", overflow)
	}
	for i := id; i <= id+overflow; i++ {
		if c.seen[i] {
			return bad("is used twice")
		}
		c.seen[i] = true
	}
	data := make([]byte, int64(overflow+1)*c.meta.pageSize)                   //nolint:gosec // inside the file
	if _, err := c.file.ReadAt(data, int64(id)*c.meta.pageSize); err != nil { //nolint:gosec // inside the file
		return bad("cannot be read: %v", err)
	}
	p := page{id: id, isLeaf: flags == flagLeaf, count: int(order.Uint16(header[10:])), data: data}
	if headerBytes+p.count*elementBytes > len(data) || p.count == 0 && !p.isLeaf {
		return bad("has %d elements", p.count)
	}
	return p, nil
}

// element returns the i-th element.
func (p page) element(i int) (element, error) {
	at := headerBytes + i*elementBytes
	e := p.data[at : at+elementBytes]
	if !p.isLeaf {
		key, err := p.cut(at, order.Uint32(e), 0, order.Uint32(e[4:]))
		return element{key: key, child: order.Uint64(e[8:])}, err
	}
	pos, keySize, valueSize := order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
	key, err := p.cut(at, pos, 0, keySize)
	if err != nil {
		return element{}, err
	}
	value, err := p.cut(at, pos, keySize, valueSize)
	return element{key: key, value: value, isBucket: order.Uint32(e)&flagBucket != 0}, err
}

// cut returns size bytes that are skip bytes behind a position relative to an element.
func (p page) cut(at int, pos, skip, size uint32) ([]byte, error) {
	from := uint64(at) + uint64(pos) + uint64(skip) //nolint:gosec // not negative
	to := from + uint64(size)
	if to > uint64(len(p.data)) {
		return nil, fmt.Errorf("%w: an element of page %d ends behind it", ErrDamaged, p.id)
	}
	return p.data[from:to], nil
}

// bucketRoot returns the root page of a bucket; 0 for one that follows in value. The
// pages of such a one hold no other buckets, and bbolt does not check it.
func bucketRoot(value []byte) (root uint64, err error) {
	if len(value) < bucketBytes {
		return 0, ErrDamaged
	}
	root = order.Uint64(value)
	if root == 0 && len(value) < bucketBytes+headerBytes {
		return 0, ErrDamaged
	}
	return root, nil
}
