// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package bundle

import (
	"cmp"
	"fmt"
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

// owner is the user and the group that own a file.
func owner(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	uid, gid := strconv.FormatUint(uint64(stat.Uid), 10), strconv.FormatUint(uint64(stat.Gid), 10)
	var name, group string
	if found, err := user.LookupId(uid); err == nil {
		name = found.Username
	}
	if found, err := user.LookupGroupId(gid); err == nil {
		group = found.Name
	}
	return fmt.Sprintf("%s:%s ", cmp.Or(name, uid), cmp.Or(group, gid))
}
