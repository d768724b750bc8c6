// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A collector that runs but cannot deliver is alive and not healthy.
func TestHealthAsksForStatus(t *testing.T) {
	t.Parallel()
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("pipeline") != "extensions" {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"healthy":false,"status":"StatusRecoverableError","error":"connection refused"}`))
		}
	}))
	t.Cleanup(collector.Close)
	environment := append(os.Environ(), "HEALTH_ENDPOINT="+strings.TrimPrefix(collector.URL, "http://"), "HTTP_PROXY=http://192.0.2.1:1")

	alive := exec.Command(siem, "health", "--alive")
	alive.Env = environment
	output, err := alive.CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Equal(t, "[ok] the collector is healthy\n", string(output))

	healthy := exec.Command(siem, "health")
	healthy.Env = environment
	output, err = healthy.CombinedOutput()
	require.Error(t, err)
	assert.Equal(t, 1, healthy.ProcessState.ExitCode())
	assert.Equal(t, "oversight-siem: the collector is not healthy: "+collector.URL+"/health answered 500: connection refused\n", string(output))
}

// Whatever cannot be asked is not healthy, with the one status that health checks of
// containers know for that.
func TestHealthWithoutAnswer(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	redirecting := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusFound))
	t.Cleanup(redirecting.Close)
	for _, test := range []struct {
		name      string
		arguments []string
		message   string
	}{
		{"gone", []string{"--url", gone.URL + "/health"}, "start the collector, with the extension health_check at that address"},
		{"redirect", []string{"--url", redirecting.URL + "/health"}, "answered 302"},
		{"not a URL", []string{"--url", "127.0.0.1:13133"}, "--url or HEALTH_ENDPOINT is not valid"},
		{"no time", []string{"--timeout", "0s"}, "--timeout is 0s: must be a positive duration such as 4s"},
		{"argument", []string{"now"}, `unexpected argument "now"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			command := exec.Command(siem, append([]string{"health"}, test.arguments...)...)
			output, err := command.CombinedOutput()
			require.Error(t, err)
			assert.Equal(t, 1, command.ProcessState.ExitCode())
			assert.Contains(t, string(output), test.message)
		})
	}
}

// A collector that accepts connections and does not answer, or not to the end, is not
// waited for longer than the time limit.
func TestHealthIsLimitedInTime(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]string{"no answer": "", "half an answer": `{"status":`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if start != "" {
					_, _ = io.WriteString(w, start)
					assert.NoError(t, http.NewResponseController(w).Flush())
				}
				<-r.Context().Done()
			}))
			t.Cleanup(collector.Close)
			command := exec.Command(siem, "health", "--timeout", "100ms")
			command.Env = append(os.Environ(), "HEALTH_ENDPOINT="+strings.TrimPrefix(collector.URL, "http://"))
			output, err := command.CombinedOutput()
			require.Error(t, err)
			assert.Equal(t, 1, command.ProcessState.ExitCode())
			assert.Equal(t, "oversight-siem: the collector is not healthy: "+collector.URL+"/health did not answer in time\n", string(output))
		})
	}
}
