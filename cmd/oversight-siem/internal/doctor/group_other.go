// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package doctor

import "io/fs"

// groupOf is the group of a file, which this system does not tell.
func groupOf(fs.FileInfo, string) string { return "GROUP" }
