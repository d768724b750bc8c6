// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// fileKind distinguishes the database file from its log.
type fileKind int32

const (
	mainFile fileKind = iota
	walFile
)

// file is SQLite's sqlite3_file. SQLite allocates it in C memory and reads its
// first field. It must not hold Go pointers.
type file struct {
	methods uintptr
	id      uint64 // of the DB
	kind    fileKind
}

func fileMethods() lib.Tsqlite3_io_methods {
	return lib.Tsqlite3_io_methods{
		FiVersion:               2, // with shared memory, without memory mapping
		FxClose:                 function(fileClose),
		FxRead:                  function(fileRead),
		FxWrite:                 function(fileWrite),
		FxTruncate:              function(fileTruncate),
		FxSync:                  function(fileSync),
		FxFileSize:              function(fileSize),
		FxLock:                  function(fileLock),
		FxUnlock:                function(fileUnlock),
		FxCheckReservedLock:     function(fileCheckReservedLock),
		FxFileControl:           function(fileControl),
		FxSectorSize:            function(fileSectorSize),
		FxDeviceCharacteristics: function(fileDeviceCharacteristics),
		FxShmMap:                function(fileShmMap),
		FxShmLock:               function(fileShmLock),
		FxShmBarrier:            function(fileShmBarrier),
		FxShmUnmap:              function(fileShmUnmap),
	}
}

// fileAt returns the file at an address and its DB.
func fileAt(address uintptr) (*file, *DB) {
	f := (*file)(pointer(address))
	return f, findDB(f.id)
}

func fileClose(*libc.TLS, uintptr) int32 { return lib.SQLITE_OK }

func fileRead(_ *libc.TLS, address, buf uintptr, amount int32, offset int64) int32 {
	f, db := fileAt(address)
	if db == nil {
		return lib.SQLITE_IOERR_READ
	}
	out := bytesAt(buf, int(amount))
	if f.kind == mainFile && offset == versionOffset && len(out) == versionSize {
		db.snap.putVersion(out)
		return lib.SQLITE_OK
	}
	n, err := db.snap.read(f.kind, out, offset)
	if err != nil {
		return lib.SQLITE_IOERR_READ
	}
	if n < len(out) {
		clear(out[n:]) // the contract of xRead
		return lib.SQLITE_IOERR_SHORT_READ
	}
	return lib.SQLITE_OK
}

func fileWrite(*libc.TLS, uintptr, uintptr, int32, int64) int32 { return lib.SQLITE_READONLY }

func fileTruncate(*libc.TLS, uintptr, int64) int32 { return lib.SQLITE_READONLY }

func fileSync(*libc.TLS, uintptr, int32) int32 { return lib.SQLITE_OK }

func fileSize(_ *libc.TLS, address, out uintptr) int32 {
	f, db := fileAt(address)
	if db == nil {
		return lib.SQLITE_IOERR_FSTAT
	}
	size, err := db.snap.size(f.kind)
	if err != nil {
		return lib.SQLITE_IOERR_FSTAT
	}
	*(*int64)(pointer(out)) = size
	return lib.SQLITE_OK
}

// fileLock is xLock. It grants shared locks without taking any. Refusing the
// others keeps SQLite from checkpointing when the connection is closed.
func fileLock(_ *libc.TLS, _ uintptr, level int32) int32 {
	if level > lib.SQLITE_LOCK_SHARED {
		return lib.SQLITE_BUSY
	}
	return lib.SQLITE_OK
}

func fileUnlock(*libc.TLS, uintptr, int32) int32 { return lib.SQLITE_OK }

func fileCheckReservedLock(_ *libc.TLS, _, out uintptr) int32 {
	*(*int32)(pointer(out)) = 0
	return lib.SQLITE_OK
}

func fileControl(*libc.TLS, uintptr, int32, uintptr) int32 { return lib.SQLITE_NOTFOUND }

func fileSectorSize(*libc.TLS, uintptr) int32 { return 4096 }

func fileDeviceCharacteristics(*libc.TLS, uintptr) int32 { return 0 }

func fileShmMap(tls *libc.TLS, address uintptr, index, size, extend int32, out uintptr) int32 {
	_, db := fileAt(address)
	if db == nil {
		return lib.SQLITE_IOERR_SHMMAP
	}
	memory, ok := db.shm.grow(tls, int(index), int(size), extend != 0)
	if !ok {
		return lib.SQLITE_NOMEM
	}
	*(*uintptr)(pointer(out)) = memory
	return lib.SQLITE_OK
}

// fileShmLock is xShmLock. No other connection uses this memory.
func fileShmLock(*libc.TLS, uintptr, int32, int32, int32) int32 { return lib.SQLITE_OK }

func fileShmBarrier(*libc.TLS, uintptr) {}

// fileShmUnmap is xShmUnmap. The DB frees the memory when it disconnects.
func fileShmUnmap(*libc.TLS, uintptr, int32) int32 { return lib.SQLITE_OK }
