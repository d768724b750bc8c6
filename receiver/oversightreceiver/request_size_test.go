// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A request ends before the row that would exceed `batch_bytes`, and no earlier.
func TestRequestsAreBoundedByTheirBytes(t *testing.T) {
	s := newRefusalSetup(t, 100)
	execute(t, s.config.Database, `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<200)
		INSERT INTO events(token_id, kind, timestamp, user_agent)
		SELECT 'row'||x, 'http_img', 1735000000+x, printf('%.*c', 100*x, 'x') FROM c`)
	s.config.BatchSize, s.config.BatchBytes = 1000, 300_000
	var requests [][]event
	s.dest.set(func(r request) error {
		requests = append(requests, slices.Clone(r.events))
		return nil
	})
	s.run()
	s.eventually(func(c *assert.CollectT) {
		require.NotEmpty(c, s.memory.stored())
		assert.Equal(c, int64(300), s.cursor(c))
	})
	size := func(events []event) (bytes int) {
		for i := range events {
			bytes += events[i].EncodedSize(s.config.MaxValueBytes)
		}
		return bytes
	}
	for i, events := range requests {
		assert.LessOrEqual(t, size(events), s.config.BatchBytes, "request %d", i)
		if i+1 < len(requests) {
			assert.Greater(t, size(events)+size(requests[i+1][:1]), s.config.BatchBytes, "request %d is smaller than it may be", i)
		}
	}
}
