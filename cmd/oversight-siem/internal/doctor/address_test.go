// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// An endpoint of gRPC may be a target with a scheme: it is the target that is reached,
// and no server of names.
func TestGRPCTargets(t *testing.T) {
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	socket := filepath.Join(t.TempDir(), "s")
	local, err := config.Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, local.Close()) })
	address := listener.Addr().String()
	for _, target := range []string{address, "dns:" + address, "dns:///" + address, "dns://192.0.2.1/" + address, "passthrough:///" + address, "http://" + address, "unix:" + socket, "unix://" + socket} {
		s := newSetup(t)
		s.more, s.exporters = fmt.Sprintf("  otlp_grpc: {endpoint: %q, tls: {insecure: true}}\n", target), ", otlp_grpc"
		found := results(s.run(t), "destination.reachable")
		require.Len(t, found, 2, target)
		assert.Equal(t, doctor.StatusOK, found[0].Status, "%s: %v", target, found)
		assert.Contains(t, []string{address + " accepts connections", socket + " accepts connections"}, found[0].Seen)
	}
}

// A destination behind a proxy is reached through it, as the exporter does.
func TestReachableThroughAProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "otlp.example.invalid" {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(proxy.Close)
	withUser := strings.Replace(proxy.URL, "http://", "http://user:hidden-password@", 1)
	for name, more := range map[string]string{
		"otlp_http":  "{endpoint: http://otlp.example.invalid, proxy_url: %q}",
		"opensearch": "{http: {endpoint: http://otlp.example.invalid, proxy_url: %q}}",
	} {
		s := newSetup(t)
		s.more, s.exporters = fmt.Sprintf("  "+name+": "+more+"\n", withUser), ", "+name
		found := results(s.run(t), "destination.reachable")
		require.Len(t, found, 2)
		assert.Equal(t, doctor.StatusOK, found[0].Status, found)
		assert.Contains(t, found[0].Seen, "http://otlp.example.invalid answers (200) through the proxy "+proxy.URL)
	}
}

// A proxy that is down, or refuses, is named, and not the destination's address.
func TestProxyFaults(t *testing.T) {
	refuses := newServer(t, always(http.StatusProxyAuthRequired, "text/plain", ""))
	down := newServer(t, always(http.StatusOK, "text/plain", ""))
	down.http.Close()
	for _, proxy := range []string{refuses.url, down.url} {
		s := newSetup(t)
		s.moreConfig = []string{"yaml:exporters::splunk_hec::endpoint: https://hec.example.invalid", "yaml:exporters::splunk_hec::proxy_url: " + proxy}
		(&fault{name: proxy, check: "splunk.token", seen: "through the proxy " + proxy, remedy: "fix `exporters::splunk_hec::proxy_url`"}).assertNamed(t, s.run(t))
	}
}

// The remedy names the key that has the address.
func TestEndpointsKey(t *testing.T) {
	s := newSetup(t)
	s.elastic.http.Close()
	(&fault{name: "down", check: "elasticsearch.key", seen: "connection refused", remedy: "`exporters::elasticsearch::endpoints`"}).assertNamed(t, s.run(t))
}
