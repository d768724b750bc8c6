// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package sentinel

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// Each function returns its kind of rows, each once, with the time at which it happened and
// that of its first arrival.
func TestFunctions(t *testing.T) {
	const age = 70 * time.Hour
	delay := 69 * time.Hour
	late := func(r detections.SampleRecord) detections.SampleRecord {
		r.Age, r.Delay, r.Copies = age, &delay, 3
		return r
	}
	rows := store(t, &detections.Sample{Name: "all kinds", Records: []detections.SampleRecord{
		late(detections.SampleRecord{Event: &detections.SampleEvent{SourceIP: "[2001:db8::7]:443"}}),
		late(detections.SampleRecord{Finding: &detections.SampleFinding{Kind: "leaf_corrupt"}}),
		late(detections.SampleRecord{Checkpoint: &detections.SampleCheckpoint{}}),
	}})
	require.Len(t, rows, 9)
	select3 := " | project EventTime = tostring(EventTime), ArrivedAt = tostring(ArrivedAt), TimeGenerated = tostring(TimeGenerated)"
	queries := []string{"Oversight" + select3, "OversightIntegrity" + select3, "OversightCheckpoints" + select3, "Oversight | project Address, SourceIp"}
	results := evaluate(t, readWorkspace(t), nil, []run{{runAt.Format(time.RFC3339), rows, queries}})[0]
	for i, result := range results {
		require.Empty(t, result.Error, queries[i])
		require.Len(t, result.Rows, 1, queries[i])
	}
	for i, result := range results[:3] {
		assert.WithinDuration(t, runAt.Add(-age), timeOf(t, result.Rows[0], "EventTime"), time.Second, queries[i])
		assert.WithinDuration(t, runAt.Add(delay-age), timeOf(t, result.Rows[0], "ArrivedAt"), time.Millisecond, queries[i])
		assert.Equal(t, result.Rows[0]["ArrivedAt"], result.Rows[0]["TimeGenerated"], "as Azure Monitor replaces it: %s", queries[i])
	}
	assert.Equal(t, row{"Address": "2001:db8::7", "SourceIp": "[2001:db8::7]:443"}, results[3].Rows[0])
}
