// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"encoding/binary"
	"unsafe"

	"modernc.org/libc"
)

// sharedMemory replaces the -shm file. SQLite shares a wal-index between
// connections; this one belongs to a single connection, which therefore builds it
// from the log.
type sharedMemory struct {
	regions []region // C memory
}

type region struct {
	address uintptr
	size    int
}

// grow returns the address of region i. If extend is false, a region that does not
// exist is not created, and the address is 0.
func (m *sharedMemory) grow(tls *libc.TLS, i, size int, extend bool) (address uintptr, ok bool) {
	for extend && len(m.regions) <= i {
		address := libc.Xcalloc(tls, 1, libc.Tsize_t(size)) //nolint:gosec // SQLite passes a positive size
		if address == 0 {
			return 0, false
		}
		m.regions = append(m.regions, region{address, size})
	}
	if i >= len(m.regions) {
		return 0, true
	}
	return m.regions[i].address, true
}

// invalidate makes the connection rebuild its index from the log and drop its page
// cache at the next transaction: SQLite recovers an index whose header is not
// initialized.
func (m *sharedMemory) invalidate() {
	if len(m.regions) > 0 {
		clear(bytesAt(m.regions[0].address, walIndexSize))
	}
}

// lastCommit returns the last commit that the connection sees.
func (m *sharedMemory) lastCommit() walCommit {
	if len(m.regions) == 0 {
		return walCommit{}
	}
	header := bytesAt(m.regions[0].address, walIndexHdrSize)
	pageSize := int64(binary.NativeEndian.Uint16(header[indexPageSize:]))
	if pageSize == 1 {
		pageSize = 65536 // which does not fit 16 bits
	}
	return walCommit{frame: binary.NativeEndian.Uint32(header[indexMaxFrame:]), pageSize: pageSize}
}

// free frees the memory. The connection must be closed.
func (m *sharedMemory) free() {
	if len(m.regions) == 0 {
		return
	}
	tls := libc.NewTLS()
	defer tls.Close()
	for _, r := range m.regions {
		libc.Xfree(tls, r.address)
	}
	m.regions = nil
}

// bytesAt returns n bytes of C memory.
func bytesAt(address uintptr, n int) []byte {
	return unsafe.Slice((*byte)(pointer(address)), n) //nolint:gosec // C memory of that size
}

// pointer converts the address of C memory, which the garbage collector
// neither moves nor frees.
func pointer(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address)) //nolint:gosec // the address of C memory
}
