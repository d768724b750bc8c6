// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheck

import (
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/azuremonitorexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The exporter has acknowledged the events before it sends them. All that can be done
// is that they go nowhere else.
func TestAzureMonitorFollowsNoRedirect(t *testing.T) {
	s := newServer(t, answer{status: 307, location: true})
	exp := newExporter(t, azuremonitorexporter.NewFactory(), map[string]any{
		"connection_string": "InstrumentationKey=00000000-0000-0000-0000-00000000ffff;IngestionEndpoint=" + s.URL + "/",
		"maxbatchinterval":  "10ms",
		"sending_queue":     map[string]any{"enabled": false},
	}, true, nil)
	require.NoError(t, export(t, exp, 3), "acknowledged at once")
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.requests) > 0
	}, 30*time.Second, 10*time.Millisecond)
	assert.Zero(t, s.strayedRequests())
}
