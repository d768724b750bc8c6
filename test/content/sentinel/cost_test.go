// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package sentinel

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// A stranger can call one copy as often as he likes, from as many addresses as he has: the
// rule compares four places an hour, and finds the recipient's all the same.
func TestCostOfDistances(t *testing.T) {
	const hits, networks, hours = 100_000, 500, 70
	random := rand.New(rand.NewPCG(1, 2))
	places := []detections.Place{{Network: "192.0.2.0/24", Country: "Germany", Latitude: 52.5, Longitude: 13.4}}
	for i := range networks {
		// All in Japan: less than 1000 kilometres apart.
		places = append(places, detections.Place{
			Network: fmt.Sprintf("100.64.%d.0/25", i%256), Country: "Japan",
			Latitude: 34 + 3*random.Float64(), Longitude: 135 + 5*random.Float64(),
		})
		if i >= 256 {
			places[len(places)-1].Network = fmt.Sprintf("100.64.%d.128/25", i%256)
		}
	}
	event := func(id int, address string, at time.Time) row {
		return row{
			"TimeGenerated": at, "OccurredAt": at, arrival: at.Add(time.Second), "RegistryId": "demo", "EventUid": fmt.Sprintf("%032x", id),
			"BeaconKind": "http_img", "FileId": "file-1", "RecipientId": "alice@corp.example", "SourceIp": address,
		}
	}
	rows := make([]row, 0, hits+1)
	for i := range hits {
		address := fmt.Sprintf("100.64.%d.%d", random.IntN(256), random.IntN(256))
		rows = append(rows, event(i, address, runAt.Add(-time.Duration(random.Int64N(int64(hours*time.Hour))))))
	}
	strangersOnly := rows
	rows = append(rows, event(hits, "192.0.2.1", runAt.Add(-5*time.Hour)))

	query := readRules(t)["far_apart"].Query
	before, _, found := strings.Cut(query, "\noutermost\n")
	require.True(t, found)
	now := runAt.Format(time.RFC3339)
	results := evaluate(t, readWorkspace(t), places, []run{
		{now, rows, []string{query, before + "\noutermost | summarize Places = count()"}},
		{now, strangersOnly, []string{query}},
	})
	for _, result := range results {
		for _, answer := range result {
			require.Empty(t, answer.Error)
		}
	}
	assert.Len(t, results[0][0].Rows, 1, "the recipient in Germany and the strangers in Japan")
	assert.Empty(t, results[1][0].Rows, "the strangers alone are not far apart")
	assert.LessOrEqual(t, results[0][1].Rows[0]["Places"], float64(4*(hours+2)), "what is compared")
}
