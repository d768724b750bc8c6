// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package boltcheck

import (
	"fmt"
	"hash/fnv"
	"io"
)

const (
	magic   = 0xED0CDAED
	version = 2

	metaBytes = 64
	// checksumAt is behind all that it covers.
	checksumAt = 56

	minPageSize, maxPageSize = 1024, 16 << 20
)

// meta is one of the first two pages: the later one that is valid counts.
type meta struct {
	pageSize int64
	root     uint64 // page of the root bucket
	pages    uint64 // in use or free: those from there on are not
	txid     uint64
}

// readMeta returns the meta page that counts.
func readMeta(file io.ReaderAt, size int64) (meta, error) {
	best, found := meta{}, false
	consider := func(at int64) (meta, bool) {
		m, ok := metaAt(file, at)
		if ok && (!found || m.txid > best.txid) {
			best, found = m, true
		}
		return m, ok
	}
	if first, ok := consider(0); ok {
		consider(first.pageSize)
	} else {
		for pageSize := int64(minPageSize); pageSize <= maxPageSize; pageSize *= 2 {
			consider(pageSize)
		}
	}
	switch {
	case !found:
		return meta{}, fmt.Errorf("%w: it has no valid meta page", ErrDamaged)
	case size < 2*best.pageSize:
		return meta{}, fmt.Errorf("%w: it has %d bytes", ErrDamaged, size)
	default:
		return best, nil
	}
}

// metaAt returns the meta page at a position.
func metaAt(file io.ReaderAt, at int64) (m meta, ok bool) {
	data := make([]byte, metaBytes)
	if _, err := file.ReadAt(data, at+headerBytes); err != nil {
		return meta{}, false
	}
	if order.Uint32(data) != magic || order.Uint32(data[4:]) != version {
		return meta{}, false
	}
	sum := fnv.New64a()
	_, _ = sum.Write(data[:checksumAt]) // it never fails
	if sum.Sum64() != order.Uint64(data[checksumAt:]) {
		return meta{}, false
	}
	m = meta{
		pageSize: int64(order.Uint32(data[8:])), root: order.Uint64(data[16:]),
		pages: order.Uint64(data[40:]), txid: order.Uint64(data[48:]),
	}
	return m, m.pageSize >= minPageSize && m.pageSize <= maxPageSize
}
