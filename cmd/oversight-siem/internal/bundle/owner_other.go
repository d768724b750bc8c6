// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package bundle

import "io/fs"

func owner(fs.FileInfo) string { return "" }
