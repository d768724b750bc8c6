// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// maxIntegerText is the longest text that may be an integer, in bytes.
const maxIntegerText = 64

// parseInteger reads a text as the registry's own exporter does, with Python's
// int(): white space around it, a sign, and single underscores between digits.
func parseInteger(text string) (n int64, ok bool) {
	if len(text) > maxIntegerText {
		return 0, false
	}
	text = strings.TrimFunc(text, unicode.IsSpace)
	if strings.Contains(text, "_") {
		if strings.HasPrefix(strings.TrimLeft(text, "+-"), "_") || strings.HasSuffix(text, "_") || strings.Contains(text, "__") {
			return 0, false
		}
		text = strings.ReplaceAll(text, "_", "")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// truncate is the integer part of a real number; ok is false if no int64 holds it.
func truncate(real float64) (n int64, ok bool) {
	const limit = 1 << 63
	if real = math.Trunc(real); real >= -limit && real < limit {
		return int64(real), true
	}
	return 0, false
}
