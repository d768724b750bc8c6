// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
)

func addText(b *batch, text string) {
	record := plog.NewLogRecord()
	record.Body().SetEmptyMap().PutStr("t", text)
	b.add(record, len(b.rows))
}

// Parts of an array are made in its own memory, in the order in which a
// delivery asks for them.
func TestArraysInPlace(t *testing.T) {
	b := getBatch()
	defer b.release()
	for _, text := range []string{"a", "b", "c", "d"} {
		addText(b, text)
	}
	assert.Equal(t, strings.ReplaceAll("[{'t':'a'},{'t':'b'},{'t':'c'}]", "'", "\""), string(b.array(0, 3)))
	b.keepLast()
	assertText(t, "[{\"t\":\"d\"}]", string(b.array(0, 1)))

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
		assert.Equal(t, strings.ReplaceAll(test.want, "'", "\""), string(b.array(test.from, test.to)))
	}
}

// A record of any size leaves no more behind than maxKept.
func TestLargeBuffersAreNotKept(t *testing.T) {
	b := &batch{}
	b.reset()
	addText(b, strings.Repeat("x", 60_000))
	assert.LessOrEqual(t, cap(b.buf), maxKept)
	for range 100 {
		addText(b, strings.Repeat("x", 60_000))
	}
	assert.Greater(t, cap(b.buf), maxKept)
	b.release()
	for range 100 {
		got := getBatch()
		assert.LessOrEqual(t, cap(got.buf), maxKept)
		got.release()
	}
}
