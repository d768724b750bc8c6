// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A stranger's last event before a quiet night, which Elasticsearch refuses, does not
// make the health check fail until morning.
func TestFaultRefusedEventOnAQuietRegistry(t *testing.T) {
	t.Parallel()
	const agent = "sqlmap/1.7"
	s := newFaultSite(t, writeRegistry(t, beacons(50, func(i int) string {
		if i == 49 {
			return agent
		}
		return fmt.Sprintf("agent %d", i)
	})))
	s.bulk.refuseDocument = func(document map[string]any) *itemError {
		if strings.Contains(fmt.Sprint(document), agent) {
			return &itemError{http.StatusBadRequest, "document_parsing_exception", "failed to parse field [user_agent.original]"}
		}
		return nil
	}
	collector := s.run(nil, "elastic.yaml", soonUnhealthy)
	collector.requireMetric(metricPrefix+"owed_events", "", func(sum float64) bool { return sum == 1 })
	// The event is tried again once it is owed, and the health check waits for a second.
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_, verbose, err := get("http://" + collector.variable("HEALTH_ENDPOINT") + "/health?verbose")
		require.NoError(t, err)
		require.Contains(t, verbose, "exporter:elasticsearch")
		require.NotContains(t, verbose, "StatusRecoverableError")
	}
	collector.requireHealth(http.StatusOK)
	collector.interrupt()
}
