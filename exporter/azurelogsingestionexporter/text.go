// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import "unicode/utf8"

// truncateText returns the longest prefix of a text with at most limit bytes that
// does not split a character.
func truncateText[T ~string | ~[]byte](text T, limit int) T {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
