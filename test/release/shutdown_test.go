// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// dockerStopPeriod is how long Docker waits for a container that has no stop period.
const dockerStopPeriod = 10 * time.Second

// twoMore adds two destinations to the configuration of the Compose file.
const twoMore = `receivers:
  oversight/elastic: {database: "${env:OVERSIGHT_DATABASE}", registry_id: "${env:OVERSIGHT_REGISTRY_ID}", storage: file_storage}
  oversight/otlp: {database: "${env:OVERSIGHT_DATABASE}", registry_id: "${env:OVERSIGHT_REGISTRY_ID}", storage: file_storage}
processors:
  oversight_siem/elastic: {format: ecs}
  oversight_siem/otlp: {format: ecs}
exporters:
  elasticsearch:
    endpoints: ["${env:DEAD}/elastic"]
    logs_dynamic_id: {enabled: true}
    timeout: 30s
    sending_queue: {enabled: false}
    retry: {enabled: false}
  otlp_http:
    endpoint: ${env:DEAD}/otlp
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
service:
  pipelines:
    logs/elastic: {receivers: [oversight/elastic], processors: [oversight_siem/elastic], exporters: [elasticsearch]}
    logs/otlp: {receivers: [oversight/otlp], processors: [oversight_siem/otlp], exporters: [otlp_http]}
`

// deadDestinations takes requests and answers none. It records
// which were tried, by the first part of the path.
type deadDestinations struct {
	mu    sync.Mutex
	tried map[string]bool
}

// ServeHTTP implements [http.Handler].
func (d *deadDestinations) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.tried[strings.Split(r.URL.Path, "/")[1]] = true
	d.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
	<-r.Context().Done()
}

// The collector ends before Docker kills it, with or without the stop period of the
// Compose file, although three destinations do not answer.
func TestContainerEndsWithDeadDestinations(t *testing.T) {
	dead := &deadDestinations{tried: map[string]bool{}}
	server := httptest.NewServer(dead)
	t.Cleanup(server.Close)
	b := composeBundle(t, newRegistryVolume(t), &hec{url: server.URL + "/services/collector"})
	file := filepath.Join(t.TempDir(), "more.yaml")
	require.NoError(t, os.WriteFile(file, []byte(twoMore), 0o644))
	b.mounts = append(b.mounts, mount{file, "/etc/otelcol-oversight/more.yaml", true})
	b.arguments = append(b.arguments, "--config", "/etc/otelcol-oversight/more.yaml")
	b.environment["DEAD"] = server.URL
	collector := startContainer(t, b)
	collectortest.Eventually(t, waitTimeout, func() error {
		dead.mu.Lock()
		defer dead.mu.Unlock()
		if len(dead.tried) < 3 {
			return fmt.Errorf("%v of three destinations were tried", dead.tried)
		}
		return nil
	})
	took := collector.Terminate(waitTimeout)
	t.Logf("ended %v after SIGTERM", took.Round(time.Millisecond))
	assert.Less(t, took, dockerStopPeriod)
	assert.Less(t, took, stopPeriod(t))
}
