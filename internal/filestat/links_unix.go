// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin || freebsd

package filestat

import (
	"io/fs"
	"syscall"
)

// Links returns how many names (hard links) a file has; 0 where the system does not
// say.
func Links(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink) //nolint:unconvert // its type differs between systems
	}
	return 0
}
