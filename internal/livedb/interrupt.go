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
// between two looks at whether to stop: some ten microseconds.
const progressSteps = 1000

// installInterrupt makes SQLite look at a flag while it runs. sqlite3_interrupt
// would be lost when it comes right before a statement starts, which clears it;
// the flag stays. It is in C memory, for SQLite keeps its address.
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
		libc.Xfree(c.tls, uintptr(unsafe.Pointer(c.stop)))
		c.stop = nil
	}
}

// progress is SQLite's progress handler: anything but 0 ends the statement.
func progress(_ *libc.TLS, flag uintptr) int32 {
	if (*atomic.Bool)(pointer(flag)).Load() {
		return 1
	}
	return 0
}

// interruptible calls fn, of which all statements fail with SQLITE_INTERRUPT
// once the context is done. Nothing of that is left when it returns.
func (c *Conn) interruptible(ctx context.Context, fn func() error) error {
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
			<-stopped // or else it would come upon what runs next, or freed memory
		}
		c.stop.Store(false)
	}()
	return fn()
}
