// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package recheck_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/recheck"
)

func TestAgreeing(t *testing.T) {
	same := func(id int64) string { return recheck.UID(checkpoint.Row{ID: id, UID: [16]byte{byte(id)}}) }
	rows := make([]checkpoint.Row, 5)
	for i := range rows {
		rows[i] = checkpoint.Row{ID: int64(i + 1), UID: [16]byte{byte(i + 1)}}
	}
	for name, test := range map[string]struct {
		uids []string
		want int
	}{
		"another database":                      {[]string{"x", "x", "x", "x", "x"}, 0},
		"an empty one":                          {[]string{"", "", "", "", ""}, 0},
		"the last ones are gone":                {[]string{same(1), same(2), same(3), "", ""}, 3},
		"and were assigned again":               {[]string{same(1), same(2), "x", "x", ""}, 2},
		"the oldest were pruned":                {[]string{"", "", same(3), "x", ""}, 3},
		"one in between was deleted":            {[]string{same(1), "", same(3), "", ""}, 3},
		"nothing counts behind one that is new": {[]string{same(1), "x", same(3), same(4), "x"}, 1},
		"all are there":                         {[]string{same(1), same(2), same(3), same(4), same(5)}, 5},
	} {
		assert.Equal(t, test.want, recheck.Agreeing(rows, test.uids), name)
	}
	assert.Zero(t, recheck.Agreeing(nil, nil))
}
