// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable escapes what a terminal acts on instead of showing it, such as control
// characters and changes of the direction of text: whoever calls a beacon can write
// them into an event. The result is one line.
func Printable(text string) string { return escape(text, unicode.IsPrint) }

// PrintableLines is Printable for a text of several lines.
func PrintableLines(text string) string {
	return escape(text, func(r rune) bool { return r == '\n' || unicode.IsPrint(r) })
}

func escape(text string, keep func(rune) bool) string {
	if strings.IndexFunc(text, func(r rune) bool { return !keep(r) }) < 0 {
		return text
	}
	var escaped strings.Builder
	for _, r := range text {
		if keep(r) {
			escaped.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		escaped.WriteString(quoted[1 : len(quoted)-1])
	}
	return escaped.String()
}
