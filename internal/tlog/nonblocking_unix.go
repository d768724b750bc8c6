// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tlog

import "syscall"

// nonBlocking has the open of a FIFO return at once.
const nonBlocking = syscall.O_NONBLOCK
