// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// isCheckpointRecord reports whether a document of any shape is a checkpoint record.
// Collectors send one at shutdown: what counts events leaves them out.
func isCheckpointRecord(document map[string]any) bool {
	if document["sourcetype"] == "oversight:checkpoint" || document["Action"] == "checkpoint" {
		return true
	}
	event, _ := document["event"].(map[string]any)
	return event["dataset"] == "oversight.checkpoint"
}

// withoutCheckpointRecords are the documents that are events or findings.
func withoutCheckpointRecords(documents []map[string]any) []map[string]any {
	return slices.DeleteFunc(slices.Clone(documents), isCheckpointRecord)
}

// A collector sends checkpoint records in each interval and at shutdown, in each shape.
func TestCheckpointRecordsArrive(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	changes := "receivers:\n"
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		changes += fmt.Sprintf("  oversight/%s: {checkpoint_records: {interval: 1s, collector: collector-1}}\n", shape)
	}
	collector := s.start("files.yaml", changes)
	path := func(shape string) string { return filepath.Join(s.dir, "state", shape+".ndjson") }
	records := func(shape string) (found []map[string]any) {
		if _, err := os.Stat(path(shape)); err != nil {
			return nil
		}
		for _, document := range lines(t, path(shape)) {
			if isCheckpointRecord(document) {
				found = append(found, document)
			}
		}
		return found
	}
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		eventually(t, func() error { return errorIf(len(records(shape)) < 2, "fewer than two records in "+shape) })
	}
	collector.interrupt()
	for shape, field := range map[string]func(map[string]any, string, string) any{
		"splunk":   func(d map[string]any, key, _ string) any { return d["event"].(map[string]any)[key] },
		"ecs":      func(d map[string]any, key, _ string) any { return d["oversight"].(map[string]any)[key] },
		"sentinel": func(d map[string]any, _, column string) any { return d[column] },
	} {
		all := records(shape)
		last := all[len(all)-1]
		require.Equal(t, "shutdown", field(last, "checkpoint_reason", "CheckpointReason"), shape)
		assert.Equal(t, "collector-1", field(last, "collector", "Collector"), shape)
		assert.Equal(t, "oversight/"+shape, field(last, "receiver", "Receiver"), shape)
		assert.InDelta(t, 0, field(last, "undelivered_events", "UndeliveredEvents"), 0, shape)
		delivered := 0.0
		for _, record := range all {
			delivered += field(record, "delivered_events", "DeliveredEvents").(float64)
		}
		assert.InDelta(t, float64(sampleSize), delivered, 0, shape)
	}
}
