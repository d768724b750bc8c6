// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"strings"
	"unicode"
)

// maxGroup bounds the part of a reason that tells it from others, in bytes.
const maxGroup = 256

// reasonGroup returns a reason without what differs from row to row and from request
// to request: words with digits, such as numbers, uids and request ids.
func reasonGroup(reason string) string {
	group := strings.Builder{}
	for len(reason) > 0 && group.Len() < maxGroup {
		end := strings.IndexFunc(reason, func(r rune) bool { return !isWord(r) })
		if end < 0 {
			end = len(reason)
		}
		word := reason[:end]
		if strings.ContainsFunc(word, unicode.IsDigit) {
			word = "#"
		}
		group.WriteString(word)
		reason = reason[end:]
		next := strings.IndexFunc(reason, isWord)
		if next < 0 {
			next = len(reason)
		}
		group.WriteString(reason[:next])
		reason = reason[next:]
	}
	return "." + group.String() // never empty
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
