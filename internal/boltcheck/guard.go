// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package boltcheck

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Guard returns a panic of call as an error: bbolt panics where a page of its file is
// damaged. That includes the fault of a page that is behind the end of a file mapped into
// memory. After an error, bbolt may hold its locks: what call used must not be used again,
// and closing it may never return.
func Guard(call func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // of a runtime error, see debug.SetPanicOnFault
			err = errors.New("it is shorter than it says")
		default:
			err = fmt.Errorf("%v", r)
		}
	}()
	call()
	return nil
}
