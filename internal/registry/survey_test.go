// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// However many rows there are, their zones are few, and without a gap.
func TestZonesAreFew(t *testing.T) {
	s := newSurvey()
	s.size = 1
	const rows = 5*maxZones + 3
	for id := int64(1); id <= rows; id++ {
		s.add(place{seconds: 1000 - id%100, id: id})
	}
	assert.LessOrEqual(t, len(s.zones), maxZones)
	var sum, next int64 = 0, 1
	for _, z := range s.zones {
		assert.Equal(t, next, z.first)
		next = z.last + 1
		sum += z.rows
		assert.LessOrEqual(t, z.low.compare(z.high), 0)
	}
	assert.Equal(t, int64(rows), sum)
	assert.Equal(t, int64(rows+1), next)
	assert.False(t, s.inOrder)
}
