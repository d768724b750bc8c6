// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// A destination that only the proxy can reach is reached through it.
func TestDestinationsBehindProxy(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		want   fault
	}{
		"answers":      {http.StatusNotFound, fault{status: doctor.StatusOK, seen: "collector.invalid:4318 answers (404) through the proxy http://127.0.0.1"}},
		"no way":       {http.StatusBadGateway, fault{seen: "collector.invalid:4318 answers 502 through the proxy", remedy: "let the proxy reach it"}},
		"no user name": {http.StatusProxyAuthRequired, fault{seen: "asks for credentials (407)", remedy: "::proxy_url"}},
	} {
		for kind, form := range map[string]string{
			"otlp_http":  "{endpoint: \"http://collector.invalid:4318\", proxy_url: %q, sending_queue: {enabled: false}}",
			"opensearch": "{http: {endpoint: \"http://collector.invalid:4318\", proxy_url: %q}, sending_queue: {enabled: false}}",
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				s := newSetup(t)
				proxy := newServer(t, always(c.status, "text/plain", ""))
				s.more, s.exporters = "  "+kind+": "+fmt.Sprintf(form, strings.Replace(proxy.url, "//", "//user:word-of-proxy@", 1)), ", "+kind
				want := c.want
				want.name, want.check = name, "destination.reachable"
				report := s.run(t)
				want.assertNamed(t, report)
				assert.NotContains(t, fmt.Sprint(report), "word-of-proxy")
			})
		}
	}
}

// Headers are sent as the collector sends them: from a map or a list, Host too.
func TestHeaders(t *testing.T) {
	for name, headers := range map[string]string{
		"map":  "{Host: tenant.example.org, X-Scope-OrgID: one}",
		"list": "[{name: Host, value: tenant.example.org}, {name: X-Scope-OrgID, value: one}]",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t)
			seen := make(chan string, 1)
			otlp := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					seen <- r.Host + " " + r.Header.Get("X-Scope-OrgID")
				}
			})
			s.more, s.exporters = fmt.Sprintf("  otlp_http: {endpoint: %q, headers: %s, sending_queue: {enabled: false}}", otlp.url, headers), ", otlp_http"
			s.settings.SendTest = true
			event := results(s.run(t), "otlp.event")
			require.Len(t, event, 1)
			require.Equal(t, doctor.StatusOK, event[0].Status, "%v", event)
			assert.Equal(t, "tenant.example.org one", <-seen)
		})
	}
}
