// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// escapeASCII writes JSON with nothing but ASCII, as Python does: \uXXXX in lower case
// for DEL and all that follows, in pairs beyond the first plane.
func escapeASCII(text []byte) []byte {
	escaped := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r < 0x7f:
			escaped = append(escaped, byte(r))
		case r <= 0xffff:
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			escaped = fmt.Appendf(escaped, `\u%04x\u%04x`, high, low)
		}
	}
	return escaped
}
