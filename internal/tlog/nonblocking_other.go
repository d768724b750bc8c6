// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package tlog

// nonBlocking: no file of this system blocks when it is opened.
const nonBlocking = 0
