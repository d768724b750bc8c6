// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package encode_test

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator/internal/encode"
)

// Every byte at every position of short and longer texts is written as by the library,
// and in a line as that with what lines cannot have escaped.
func TestEveryByteAtEveryPosition(t *testing.T) {
	for size := 1; size <= 18; size++ {
		text := bytes.Repeat([]byte("a"), size)
		for at := range text {
			for c := range 256 {
				text[at] = byte(c)
				want, _ := jsontext.AppendQuote(nil, text) // its error says that text was invalid UTF-8
				require.Equal(t, string(want), string(encode.String(nil, text)), "%q", text)
				require.Equal(t, string(want), string(encode.String(nil, string(text))), "%q", text)
				require.Equal(t, string(encode.EscapeLine(want, 0)), string(encode.Line(nil, text)), "%q", text)
			}
			text[at] = 'a'
		}
	}
	require.Equal(t, `""`, string(encode.String(nil, "")))
}
