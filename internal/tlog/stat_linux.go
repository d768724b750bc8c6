// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"io/fs"
	"syscall"
)

// changeTime is when the file's status last changed, in unix nanoseconds.
func changeTime(info fs.FileInfo) int64 {
	return info.Sys().(*syscall.Stat_t).Ctim.Nano()
}
