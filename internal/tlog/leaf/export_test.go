// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

// The two parsers of lines, for the fuzz test that compares them.
var (
	ParseLineFast = parseLineFast
	ParseLineSlow = parseLineSlow
)
