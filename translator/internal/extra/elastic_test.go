// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzFitsElastic compares the fast path with the slow, obvious one.
func FuzzFitsElastic(f *testing.F) {
	for _, seed := range []string{
		`{"qtype":"A","qname":"x.example"}`, `{"qtype":null,"qname":null}`, `{"a":"\\"}`, `{"a":1}`, `{"a":"b","c":{}}`, `{"qname":{}}`, `{"":"a"}`,
		`{"a.b":"c"}`, `{"a[":"c"}`, `{"a":"é","b_C9":"null"}`, `{"a":"b"}}`, `[1]`, `{"a":"b",`, `{"a":nullx}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal, _ := Normalize(text)
		if normal != "" && flatFitsElastic(normal) {
			require.True(t, fitsElastic(normal), normal)
		}
	})
}
