// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import (
	"io/fs"
	"syscall"
)

func stateOf(info fs.FileInfo) fileState {
	st := info.Sys().(*syscall.Stat_t)
	return fileState{
		exists:   true,
		dev:      uint64(st.Dev),
		ino:      st.Ino,
		size:     info.Size(),
		modified: info.ModTime().UnixNano(),
		status:   st.Ctimespec.Nano(),
	}
}
