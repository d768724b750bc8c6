// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// invalidKeys tells apart the keys of one object that are no valid text and that would
// be the same once U+FFFD is in the place of what is invalid: such as the lone
// surrogates "\ud800" and "\ud801", which Python writes and reads. The zero value is
// ready for use.
type invalidKeys struct {
	quoted map[string]string // the key as it was written, by the key that it became
}

// key is the text of a key. Of those that would be the same, the second is followed by
// (2), and so on.
func (k *invalidKeys) key(quoted jsontext.Value) string {
	unquoted, err := jsontext.AppendUnquote(nil, quoted)
	key, original := string(unquoted), string(quoted)
	if err == nil {
		if !strings.ContainsRune(key, utf8.RuneError) {
			return key
		}
		original = key // however it was escaped
	}
	if k.quoted == nil {
		k.quoted = map[string]string{}
	}
	for n := 1; ; n++ {
		numbered := key
		if n > 1 {
			numbered = fmt.Sprintf("%s(%d)", key, n)
		}
		if before, taken := k.quoted[numbered]; !taken || before == original {
			k.quoted[numbered] = original
			return numbered
		}
	}
}
