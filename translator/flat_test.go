// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// FuzzCompactFlat compares the fast way with the slow, obvious one.
func FuzzCompactFlat(f *testing.F) {
	for _, seed := range []string{
		`{"qtype": "A", "qname": "x.example"}`, `{"a":"b"}`, "{\t\"a\" :\n\"b\" }\r", `{"a":"b","a":"c"}`,
		`{"a":"b"}x`, `{"a":"b",}`, `{,"a":"b"}`, `{"a" "b"}`, `{"a":"\n"}`, "{\"a\":\"\x7f\"}", `{"a":"é"}`, `{"a":1}`, `{`, `{"a`, `{"a":null,"b": null }`, `{"a":nullx}`, `{"k":"b\u00fccher\ud83d\udd12\/"}`, `{"a":"\ud800"}`, `{"a":"\x"}`, `{"a":"\`, "{\"\xff\":null}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		normal, questionName, ok := compactFlat(text)
		if !ok {
			return
		}
		m := pcommon.NewMap()
		PutExtra(text, m)
		require.Equal(t, objectText(m), normal)
		name, _ := m.Get(questionNameKey)
		if name != (pcommon.Value{}) {
			require.Equal(t, name.Str(), questionName)
		} else {
			require.Empty(t, questionName)
		}
	})
}
