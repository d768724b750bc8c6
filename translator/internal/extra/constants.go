// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import "strings"

// constants are the numbers that JSON does not have and that Python's json reads and
// writes all the same (https://docs.python.org/3/library/json.html#infinite-and-nan-number-values).
var constants = [...]string{"-Infinity", "Infinity", "NaN"}

// quoteConstants puts quotes around those numbers in a text, so that they are read as
// strings and the values beside them are not lost. It reports whether there are any.
func quoteConstants(text string) (quoted string, found bool) {
	if !strings.Contains(text, "Infinity") && !strings.Contains(text, "NaN") { // without a copy of a text that may be long
		return "", false
	}
	var b strings.Builder
	for len(text) > 0 {
		if text[0] == '"' {
			n := stringLength(text)
			b.WriteString(text[:n])
			text = text[n:]
			continue
		}
		n := 1
		for _, constant := range constants {
			if strings.HasPrefix(text, constant) {
				found = true
				b.WriteString(`"` + constant + `"`)
				n = len(constant)
				break
			}
		}
		if n == 1 {
			b.WriteByte(text[0])
		}
		text = text[n:]
	}
	return b.String(), found
}

// stringLength is the length of the JSON string at the beginning of a text.
func stringLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
