// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import "github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"

// EscapeLine escapes, in the JSON text from an index on, what JSON allows in a string
// as it is and readers of lines and terminals do not: U+0085, U+2028 and U+2029, at
// which many readers split lines, the other control characters, and the characters
// that change the direction of text. The value remains the same. It returns the text,
// which may have been moved. The shapes do so themselves.
func EscapeLine(text []byte, start int) []byte { return encode.EscapeLine(text, start) }
