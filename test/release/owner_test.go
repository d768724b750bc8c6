// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"io/fs"
	"syscall"
)

// owner is the user that a file belongs to.
func owner(info fs.FileInfo) int {
	return int(info.Sys().(*syscall.Stat_t).Uid)
}
