// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"math"

	"golang.org/x/sys/unix"
)

// freeBytes is the space that is left for this user.
func freeBytes(directory string) (int64, bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(directory, &stat); err != nil {
		return 0, false
	}
	return int64(min(stat.Bavail, math.MaxInt64>>20)) * stat.Bsize, true
}
