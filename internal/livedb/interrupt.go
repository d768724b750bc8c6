// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"context"
	"errors"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// progressSteps is how many instructions of its virtual machine SQLite executes
// between two calls of the progress handler: some ten microseconds.
const progressSteps = 1000

// installInterrupt makes SQLite check a flag while it runs. sqlite3_interrupt has no
// effect right before a statement starts, which resets it; the flag remains set. It
// is in C memory, since SQLite keeps its address.
func (c *Conn) installInterrupt() error {
	flag := libc.Xcalloc(c.tls, 1, libc.Tsize_t(unsafe.Sizeof(atomic.Bool{})))
	if flag == 0 {
		return errors.New("out of memory")
	}
	c.stop = (*atomic.Bool)(pointer(flag))
	lib.Xsqlite3_progress_handler(c.tls, c.handle, progressSteps, function(progress), flag)
	return nil
}

func (c *Conn) freeInterrupt() {
	if c.stop != nil {
		libc.Xfree(c.tls, uintptr(unsafe.Pointer(c.stop))) //nolint:gosec // the flag is in C memory
		c.stop = nil
	}
}

// progress is SQLite's progress handler. Any value but 0 ends the statement.
func progress(_ *libc.TLS, flag uintptr) int32 {
	if (*atomic.Bool)(pointer(flag)).Load() {
		return 1
	}
	return 0
}

// withInterrupt calls fn. Once the context is done, all statements in fn fail with
// SQLITE_INTERRUPT.
func (c *Conn) withInterrupt(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stopped := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		c.stop.Store(true)
		close(stopped)
	})
	defer func() {
		if !cancel() {
			<-stopped // it must not interrupt the next statement, or write to freed memory
		}
		c.stop.Store(false)
	}()
	return fn()
}
