// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package doctor

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// groupOf is the group of a file, or of the nearest directory that can be looked at.
func groupOf(info fs.FileInfo, path string) string {
	for dir := filepath.Dir(path); info == nil; dir = filepath.Dir(dir) {
		found, err := os.Stat(dir)
		if err == nil {
			info = found
		} else if dir == filepath.Dir(dir) {
			return "GROUP"
		}
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "GROUP"
	}
	id := strconv.FormatUint(uint64(stat.Gid), 10)
	if group, err := user.LookupGroupId(id); err == nil {
		return group.Name
	}
	return id
}
