// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"encoding/binary"
	"os"
)

// Sizes and offsets of https://sqlite.org/walformat.html: of the log in sections 1.1
// and 1.2, of the index in section 2.2. The log is big-endian. The index is in the
// byte order of the machine, except for the salts, which are as in the log.
const (
	walHeaderSize      = 32
	walFrameHeaderSize = 24
	walSaltOffset      = 16

	walIndexHdrSize    = 48 // the first of the two copies
	walIndexSize       = 136
	indexInitOffset    = 12
	indexPageSize      = 14
	indexMaxFrame      = 16
	indexSaltOffset    = 32
	indexBackfillTried = 128 // nBackfillAttempted
)

type salt [8]byte

// walHeader is the first bytes of a log. They change only when the log is restarted
// from its beginning.
type walHeader struct {
	bytes [walHeaderSize]byte
	valid bool // false for a log too short to hold anything
}

func (h walHeader) salt() salt { return salt(h.bytes[walSaltOffset:]) }

func readWalHeader(f *os.File) (walHeader, error) {
	var h walHeader
	n, err := readUpTo(f, h.bytes[:], 0)
	if err != nil || n < walHeaderSize {
		return walHeader{}, err
	}
	h.valid = true
	return h, nil
}

// walIndex is the part of the writers' wal-index that is read.
type walIndex struct {
	header            [walIndexHdrSize]byte
	backfillAttempted uint32 // a checkpoint may have copied frames up to this one
}

func (x walIndex) salt() salt { return salt(x.header[indexSaltOffset:]) }

// readWalIndex reads a -shm file. It reports false if the file does not exist, is not
// readable, too short or not initialized.
func readWalIndex(path string) (walIndex, bool) {
	f, err := openFile(path)
	if err != nil {
		return walIndex{}, false
	}
	defer f.Close()
	var buf [walIndexSize]byte
	if n, _ := f.ReadAt(buf[:], 0); n < walIndexSize || buf[indexInitOffset] == 0 {
		return walIndex{}, false
	}
	return walIndex{
		header:            [walIndexHdrSize]byte(buf[:]),
		backfillAttempted: binary.NativeEndian.Uint32(buf[indexBackfillTried:]),
	}, true
}

// walCommit is the last commit in a log that a connection sees.
type walCommit struct {
	frame    uint32 // 0: none
	pageSize int64
}

// end returns the offset in the log right after the commit.
func (c walCommit) end() int64 {
	return walHeaderSize + int64(c.frame)*(walFrameHeaderSize+c.pageSize)
}
