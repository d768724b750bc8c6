// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// FuzzFlat compares the fast paths with the slow, obvious one.
func FuzzFlat(f *testing.F) {
	for _, seed := range []string{
		`{"qtype": "A", "qname": "x.example"}`, `{"a":"b"}`, "{\t\"a\" :\n\"b\" }\r", `{"a":"b","a":"c"}`,
		`{"a":"b"}x`, `{"a":"b",}`, `{,"a":"b"}`, `{"a" "b"}`, `{"a":"\n"}`, "{\"a\":\"\x7f\"}", `{"a":"é"}`, `{"a":1}`, `{`, `{"a`, `{"a":null,"b": null }`, `{"a":nullx}`, `{"k":"b\u00fccher\ud83d\udd12\/"}`, `{"a":"\ud800"}`, `{"a":"\x"}`, `{"a":"\`, "{\"\xff\":null}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, fast := pcommon.NewMap(), pcommon.NewMap()
		putParsed(text, m)
		if putFlat(text, fast) {
			require.Equal(t, m.AsRaw(), fast.AsRaw())
			require.Equal(t, objectText(m), objectText(fast))
		} else {
			require.Zero(t, fast.Len())
		}
		normal, questionName, ok := compactFlat(text)
		if !ok {
			return
		}
		require.Equal(t, objectText(m), normal)
		name, _ := m.Get(questionNameKey)
		if name != (pcommon.Value{}) {
			require.Equal(t, name.Str(), questionName)
		} else {
			require.Empty(t, questionName)
		}
	})
}
