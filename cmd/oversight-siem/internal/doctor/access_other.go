// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package doctor

// mayWrite is tryWrite: this system has no call that asks.
func mayWrite(directory string) error { return tryWrite(directory) }
