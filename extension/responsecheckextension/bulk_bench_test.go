// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"strings"
	"testing"
)

// BenchmarkParseBulk reads the answer to 1,000 documents that were created.
func BenchmarkParseBulk(b *testing.B) {
	answer := []byte(`{"items":[` + strings.Repeat(created+",", 999) + created + "]}")
	b.SetBytes(int64(len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		result, err := parseBulk(answer)
		if err != nil || result.items != 1000 {
			b.Fatal(result, err)
		}
	}
}
