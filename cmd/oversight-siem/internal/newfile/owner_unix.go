// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package newfile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a file the owner and the group of the one that it replaces.
func keepOwner(file *os.File, replaced fs.FileInfo) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	want, known := replaced.Sys().(*syscall.Stat_t)
	has, knownToo := info.Sys().(*syscall.Stat_t)
	if !known || !knownToo || (want.Uid == has.Uid && want.Gid == has.Gid) {
		return nil
	}
	if err := file.Chown(int(want.Uid), int(want.Gid)); err != nil {
		return fmt.Errorf("it belongs to another user or group (%d:%d), which it has to keep: run this as root", want.Uid, want.Gid)
	}
	return nil
}
