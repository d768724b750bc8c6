// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Conn is a connection to a database. It is valid within the call of [DB.View]
// that hands it out, and for one goroutine at a time.
type Conn struct {
	tls        *libc.TLS
	handle     uintptr          // SQLite's sqlite3
	statements map[string]*Stmt // by their text
	stop       *atomic.Bool     // see interrupt.go
}

const pointerSize = unsafe.Sizeof(uintptr(0))

// openConn opens a connection for reading to the database at a URI.
func openConn(uri string) (*Conn, error) {
	c := &Conn{tls: libc.NewTLS(), statements: map[string]*Stmt{}}
	err := c.open(uri)
	if err == nil {
		c.LimitValues(MaxValueBytes)
		err = errors.Join(c.enableStablePlans(), c.installInterrupt())
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// open opens the connection without a mutex: it belongs to one goroutine.
func (c *Conn) open(uri string) error {
	const flags = lib.SQLITE_OPEN_READONLY | lib.SQLITE_OPEN_URI | lib.SQLITE_OPEN_NOMUTEX | lib.SQLITE_OPEN_EXRESCODE
	name, err := libc.CString(uri)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)
	out := c.tls.Alloc(int(pointerSize))
	defer c.tls.Free(int(pointerSize))
	code := lib.Xsqlite3_open_v2(c.tls, name, out, flags, 0)
	c.handle = *(*uintptr)(pointer(out)) // set after an error too, to ask for its message
	if code != lib.SQLITE_OK {
		return newError(c.tls, c.handle, code)
	}
	return nil
}

// enableStablePlans keeps SQLite from preparing a statement again for each value
// that is bound to it. It would search for a plan that suits the value, at the
// cost of reading a dozen rows, and these queries have one plan only.
func (c *Conn) enableStablePlans() error {
	arguments := libc.NewVaList(int32(1), uintptr(0))
	if arguments == 0 {
		return errors.New("out of memory")
	}
	defer libc.Xfree(c.tls, arguments)
	if code := lib.Xsqlite3_db_config(c.tls, c.handle, lib.SQLITE_DBCONFIG_ENABLE_QPSG, arguments); code != lib.SQLITE_OK {
		return newError(c.tls, c.handle, code)
	}
	return nil
}

// close finalizes all statements and closes the connection.
func (c *Conn) close() error {
	for _, s := range c.statements {
		s.finalize()
	}
	var err error
	if code := lib.Xsqlite3_close(c.tls, c.handle); code != lib.SQLITE_OK { // a handle of 0 is fine
		err = newError(c.tls, c.handle, code)
	}
	c.freeInterrupt()
	c.tls.Close()
	return err
}

// Prepare returns the statement of a query, ready to be bound and stepped. The
// connection caches it: the same query returns the same statement, which must not
// be in use twice. Queries must be constants, since the cache never evicts any.
func (c *Conn) Prepare(query string) (*Stmt, error) {
	s := c.statements[query]
	if s != nil {
		s.clear()
		return s, nil
	}
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	c.statements[query] = s
	return s, nil
}

func (c *Conn) prepare(query string) (*Stmt, error) {
	text, err := libc.CString(query)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, text)
	out := c.tls.Alloc(2 * int(pointerSize))
	defer c.tls.Free(2 * int(pointerSize))
	code := lib.Xsqlite3_prepare_v3(c.tls, c.handle, text, -1, lib.SQLITE_PREPARE_PERSISTENT, out, out+pointerSize)
	if code != lib.SQLITE_OK {
		return nil, newError(c.tls, c.handle, code)
	}
	s := &Stmt{conn: c, tls: c.tls, handle: *(*uintptr)(pointer(out))}
	rest := *(*uintptr)(pointer(out + pointerSize))
	if s.handle == 0 || int(rest-text) != len(query) { // SQLite ignores what follows the first statement
		s.finalize()
		return nil, fmt.Errorf("prepare %q: not exactly one statement", query)
	}
	return s, nil
}

// run executes a statement that returns no rows.
func (c *Conn) run(query string) error {
	s, err := c.Prepare(query)
	if err != nil {
		return err
	}
	if _, err := s.Step(); err != nil {
		return err
	}
	return s.Reset()
}

// reset resets the statements that a caller left running, so that none reads the
// files any more.
func (c *Conn) reset() {
	for _, s := range c.statements {
		_ = s.Reset() // repeats the error of Step
	}
}
