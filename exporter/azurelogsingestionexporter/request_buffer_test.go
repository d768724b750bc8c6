// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
)

func addText(b *requestBuffer, text string) {
	record := plog.NewLogRecord()
	record.Body().SetEmptyMap().PutStr("t", text)
	b.appendRow(record, len(b.rows))
}

// Arrays of a part of the rows are made in place, in the order in which a
// delivery sends them.
func TestArraysInPlace(t *testing.T) {
	b := getRequestBuffer()
	defer b.release()
	for _, text := range []string{"a", "b", "c", "d"} {
		addText(b, text)
	}
	assert.Equal(t, strings.ReplaceAll("[{'t':'a'},{'t':'b'},{'t':'c'}]", "'", "\""), string(b.jsonArray(0, 3)))
	b.resetToLast()
	assertText(t, "[{\"t\":\"d\"}]", string(b.jsonArray(0, 1)))

	b.reset()
	for _, text := range []string{"a", "b", "c", "d"} {
		addText(b, text)
	}
	for _, test := range []struct {
		from, to int
		want     string
	}{
		{0, 4, "[{'t':'a'},{'t':'b'},{'t':'c'},{'t':'d'}]"},
		{0, 2, "[{'t':'a'},{'t':'b'}]"},
		{0, 1, "[{'t':'a'}]"},
		{1, 2, "[{'t':'b'}]"},
		{2, 4, "[{'t':'c'},{'t':'d'}]"},
		{2, 3, "[{'t':'c'}]"},
		{3, 4, "[{'t':'d'}]"},
	} {
		assert.Equal(t, strings.ReplaceAll(test.want, "'", "\""), string(b.jsonArray(test.from, test.to)))
	}
}

// Buffers larger than maxPooledBytes are not pooled.
func TestLargeBuffersAreNotPooled(t *testing.T) {
	b := &requestBuffer{}
	b.reset()
	addText(b, strings.Repeat("x", 60_000))
	assert.LessOrEqual(t, cap(b.buf), maxPooledBytes)
	for range 100 {
		addText(b, strings.Repeat("x", 60_000))
	}
	assert.Greater(t, cap(b.buf), maxPooledBytes)
	b.release()
	for range 100 {
		got := getRequestBuffer()
		assert.LessOrEqual(t, cap(got.buf), maxPooledBytes)
		got.release()
	}
}
