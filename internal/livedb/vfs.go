// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// vfsName is how connections ask for this package's VFS
// (https://sqlite.org/vfs.html).
const vfsName = "oversight-livedb"

// databases maps the id of a DB to it. SQLite sees no real paths: the "path" of a
// database is the id of its DB.
var databases sync.Map // uint64 → *DB

var lastID atomic.Uint64

func register(db *DB) uint64 {
	id := lastID.Add(1)
	databases.Store(id, db)
	return id
}

func unregister(id uint64) { databases.Delete(id) }

// connect opens a connection to the files of a DB.
func connect(id uint64) (*Conn, error) {
	if err := registerVFS(); err != nil {
		return nil, err
	}
	return openConn(fmt.Sprintf("file:/%d?vfs=%s", id, vfsName))
}

// registerVFS registers the VFS with SQLite, once in a process. Clock, sleep and
// random numbers are those of the default VFS.
var registerVFS = sync.OnceValue(func() error {
	tls := libc.NewTLS()
	defer tls.Close()
	base := lib.Xsqlite3_vfs_find(tls, 0)
	if base == 0 {
		return errors.New("SQLite has no default VFS")
	}
	name, err := libc.CString(vfsName)
	if err != nil {
		return err
	}
	methodsAddress := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	vfsAddress := libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	if methodsAddress == 0 || vfsAddress == 0 {
		return errors.New("out of memory")
	}
	*(*lib.Tsqlite3_io_methods)(pointer(methodsAddress)) = fileMethods()
	vfs := (*lib.Tsqlite3_vfs)(pointer(vfsAddress))
	*vfs = *(*lib.Tsqlite3_vfs)(pointer(base))
	vfs.FpNext = 0
	vfs.FzName = name
	vfs.FpAppData = methodsAddress
	vfs.FszOsFile = int32(unsafe.Sizeof(file{}))
	vfs.FxOpen = function(vfsOpen)
	vfs.FxDelete = function(vfsDelete)
	vfs.FxAccess = function(vfsAccess)
	vfs.FxFullPathname = function(vfsFullPathname)
	if rc := lib.Xsqlite3_vfs_register(tls, vfsAddress, 0); rc != lib.SQLITE_OK {
		return fmt.Errorf("register the VFS: %w", newError(tls, 0, rc))
	}
	return nil
})

// function returns the C function pointer of a declared Go function: the address of
// its code, to which a func value is a pointer.
func function[F any](f F) uintptr {
	return *(*uintptr)(unsafe.Pointer(&f)) //nolint:gosec // a func value is a pointer to a pointer to code
}

// vfsOpen is xOpen. It opens nothing: the snapshot has the files.
func vfsOpen(_ *libc.TLS, vfs, name, address uintptr, flags int32, outFlags uintptr) int32 {
	f := (*file)(pointer(address))
	*f = file{}
	if name == 0 { // a temporary file, which a reader does not need
		return lib.SQLITE_CANTOPEN
	}
	db, suffix := lookup(libc.GoString(name))
	switch {
	case db == nil:
		return lib.SQLITE_CANTOPEN
	case suffix == "" && flags&lib.SQLITE_OPEN_MAIN_DB != 0:
		f.kind = mainFile
	case suffix == walSuffix && flags&lib.SQLITE_OPEN_WAL != 0:
		f.kind = walFile
	default:
		return lib.SQLITE_CANTOPEN
	}
	f.methods = (*lib.Tsqlite3_vfs)(pointer(vfs)).FpAppData
	f.id = db.id
	if outFlags != 0 {
		*(*int32)(pointer(outFlags)) = flags&^(lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE) | lib.SQLITE_OPEN_READONLY
	}
	return lib.SQLITE_OK
}

// vfsDelete is xDelete. A reader deletes nothing.
func vfsDelete(*libc.TLS, uintptr, uintptr, int32) int32 { return lib.SQLITE_IOERR_DELETE }

// vfsAccess is xAccess. SQLite asks whether there is a log. [snapshot.verifyJournal]
// checks for journals.
func vfsAccess(_ *libc.TLS, _, name uintptr, flags int32, result uintptr) int32 {
	exists := int32(0)
	db, suffix := lookup(libc.GoString(name))
	if db != nil && flags == lib.SQLITE_ACCESS_EXISTS && (suffix == "" || suffix == walSuffix && db.snap.wal != nil) {
		exists = 1
	}
	*(*int32)(pointer(result)) = exists
	return lib.SQLITE_OK
}

// vfsFullPathname is xFullPathname. Names are absolute already.
func vfsFullPathname(tls *libc.TLS, _, name uintptr, size int32, out uintptr) int32 {
	if libc.Xstrlen(tls, name) >= libc.Tsize_t(size) { //nolint:gosec // SQLite passes a positive size
		return lib.SQLITE_CANTOPEN
	}
	libc.Xstrcpy(tls, out, name)
	return lib.SQLITE_OK
}

// lookup splits a name such as "/7-wal" into the DB and the suffix.
func lookup(name string) (db *DB, suffix string) {
	digits := strings.TrimPrefix(name, "/")
	if i := strings.IndexByte(digits, '-'); i >= 0 {
		digits, suffix = digits[:i], digits[i:]
	}
	id, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return nil, ""
	}
	return findDB(id), suffix
}

func findDB(id uint64) *DB {
	db, ok := databases.Load(id)
	if !ok {
		return nil
	}
	return db.(*DB)
}
