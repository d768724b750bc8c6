// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

func TestFormatIDs(t *testing.T) {
	for want, ids := range map[string][]int64{
		"":               nil,
		"5":              {5},
		"5-6":            {6, 5},
		"5,7,9-12":       {12, 9, 7, 5, 11, 10, 7},
		"1,3,5,100-1000": append([]int64{1, 3, 5}, span(100, 1000)...),
	} {
		assert.Equal(t, want, cli.FormatIDs(ids))
	}
}

func span(from, to int64) (ids []int64) {
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	return ids
}
