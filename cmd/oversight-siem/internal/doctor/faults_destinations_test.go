// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// hecAnswers is HEC with another answer at an address.
func hecAnswers(path string, status int, body string) func(*testing.T, *setup) {
	return func(_ *testing.T, s *setup) {
		otherwise := s.hec.handler
		s.hec.handler = func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				always(status, "application/json", body)(w, r)
				return
			}
			otherwise(w, r)
		}
	}
}

var hecFaults = []fault{
	{
		name: "HEC acknowledgement on, asked for data first", check: "splunk.token", seen: "acknowledgement on", remedy: "turn indexer acknowledgement off",
		change: func(t *testing.T, s *setup) {
			hecAnswers("/services/collector/ack", http.StatusOK, `{"acks":{"0":false}}`)(t, s)
			otherwise := s.hec.handler
			s.hec.handler = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Server", "Splunkd")
				otherwise(w, r)
			}
		},
	},
	{
		name: "HEC wrong path", check: "splunk.token", seen: "is no address of HEC", remedy: "end with /services/collector",
		change: hecAnswers("/services/collector", http.StatusNotFound, `{"text":"The requested URL was not found on this server.","code":404}`),
	},
	{
		name: "HEC for raw text", check: "splunk.token", seen: "is for raw text", remedy: "end with /services/collector",
		change: func(_ *testing.T, s *setup) {
			s.moreConfig = []string{"yaml:exporters::splunk_hec::endpoint: " + s.hec.url + "/services/collector/raw"}
		},
	},
	{
		name: "HEC wrong port", check: "splunk.health", seen: "connection refused", remedy: "host and port",
		change: func(_ *testing.T, s *setup) { s.hec.http.Close() },
	},
	{
		name: "HEC is Splunk Web", check: "splunk.health", seen: "is Splunk Web", remedy: "port of HEC",
		change: func(_ *testing.T, s *setup) {
			s.hec.handler = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/en-US/services/collector/health", http.StatusSeeOther)
			}
		},
	},
	{
		name: "HEC is the management port", check: "splunk.token", seen: "management port", remedy: "port of HEC",
		change: func(_ *testing.T, s *setup) {
			s.hec.handler = always(http.StatusUnauthorized, "text/xml", `<response><messages><msg type="WARN">call not properly authenticated</msg></messages></response>`)
		},
	},
	{
		name: "HEC wrong token", check: "splunk.token", seen: "does not know the token", remedy: "set `exporters::splunk_hec::token`", together: true,
		change: func(_ *testing.T, s *setup) { s.token = "22222222-0000-0000-0000-000000000000" },
	},
	{
		name: "HEC acknowledgement on", check: "splunk.token", seen: "indexer acknowledgement on", remedy: "acknowledgement off",
		change: func(_ *testing.T, s *setup) {
			s.hec.handler = always(http.StatusBadRequest, "application/json", `{"text":"Data channel is missing","code":10}`)
		},
	},
	{
		name: "HEC wrong index", check: "splunk.index", seen: "may not write to the index", remedy: "allowed indexes",
		change: func(_ *testing.T, s *setup) {
			s.settings.SendTest = true
			s.hec.handler = func(w http.ResponseWriter, _ *http.Request) {
				answerJSON(w, http.StatusBadRequest, hecReply{"Incorrect index", 7})
			}
		},
	},
	{
		name: "HEC without TLS", check: "splunk.health", seen: "does not speak TLS", remedy: "http://",
		change: func(_ *testing.T, s *setup) { s.hec.url = strings.Replace(s.hec.url, "http:", "https:", 1) },
	},
	{
		name: "certificate unknown", check: "splunk.health", seen: "unknown authority", remedy: "ca_file",
		change: func(t *testing.T, s *setup) {
			server := httptest.NewTLSServer(http.HandlerFunc(hecServer))
			t.Cleanup(server.Close)
			s.hec.url = server.URL
		},
	},
}

var elasticFaults = []fault{
	{
		name: "Elasticsearch wrong key", check: "elasticsearch.key", seen: "does not accept the key", remedy: "api_key",
		change: func(_ *testing.T, s *setup) {
			s.elastic.handler = always(http.StatusUnauthorized, "application/json", `{"status":401}`)
		},
	},
	{
		name: "Elasticsearch privileges", check: "elasticsearch.privileges", seen: "lacks the privilege create_doc", remedy: "collector_api_key.json", together: true,
		change: func(_ *testing.T, s *setup) {
			answer := s.elastic.handler
			s.elastic.handler = func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "_has_privileges") {
					hasPrivileges(w, r, false)
					return
				}
				answer(w, r)
			}
		},
	},
	{
		name: "Elasticsearch refuses events", check: "elasticsearch.event", seen: "mapper_parsing_exception", remedy: "other checks",
		change: func(_ *testing.T, s *setup) {
			s.settings.SendTest = true
			s.elastic.handler = always(http.StatusBadRequest, "application/json", `{"error":{"type":"mapper_parsing_exception","reason":"failed to parse"}}`)
		},
	},
	{
		name: "Elasticsearch no template", check: "elasticsearch.template", seen: "no template of this project", remedy: "install the templates", together: true,
		change: func(_ *testing.T, s *setup) {
			s.elastic.handler = elasticAnswer(s.elastic.handler, "_simulate_index", `{"template":{"mappings":{}}}`)
		},
	},
	{
		name: "Kibana in place of Elasticsearch", check: "elasticsearch.key", seen: "is Kibana", remedy: "port 9200",
		change: func(_ *testing.T, s *setup) {
			s.elastic.handler = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("kbn-name", "kibana")
				answerJSON(w, http.StatusNotFound, map[string]any{"statusCode": 404, "error": "Not Found"})
			}
		},
	},
	{
		name: "Elasticsearch read-only index", check: "elasticsearch.block", seen: "is read-only", remedy: "free disk space", together: true,
		change: func(_ *testing.T, s *setup) {
			s.elastic.handler = elasticAnswer(s.elastic.handler, "_settings", `{".ds-logs-oversight.beacon-default-2026.01.01-000001":{"settings":{"index.blocks.read_only_allow_delete":"true"}}}`)
		},
	},
}

// What lifecycle management made of older indexes is blocked, and is not written to.
func TestBlockedOldIndexes(t *testing.T) {
	s := newSetup(t)
	s.elastic.handler = elasticAnswer(s.elastic.handler, "_settings", `{
		".ds-logs-oversight.beacon-default-2026.01.01-000001":{"settings":{"index.blocks.write":"true"}},
		".ds-logs-oversight.beacon-default-2026.02.01-000002":{"settings":{}},
		"partial-.ds-logs-oversight.beacon-default-2025.01.01-000001":{"settings":{"index.blocks.write":"true"}}}`)
	for _, result := range results(s.run(t), "elasticsearch.block") {
		assert.Equal(t, doctor.StatusOK, result.Status, result)
	}
}

// elasticAnswer replaces the answers of paths with that part.
func elasticAnswer(otherwise http.HandlerFunc, part, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, part) {
			always(http.StatusOK, "application/json", body)(w, r)
			return
		}
		otherwise(w, r)
	}
}

var azureFaults = []fault{
	{
		name: "Azure wrong rule", check: "azure.rule", seen: "no such rule", remedy: "rule_id",
		change: func(_ *testing.T, s *setup) { s.azure.handler = always(http.StatusNotFound, "application/json", `{}`) },
	},
	{
		name: "Azure no role", check: "azure.rule", seen: "has no role", remedy: "Monitoring Metrics Publisher", together: true,
		change: func(_ *testing.T, s *setup) { s.azure.handler = always(http.StatusForbidden, "application/json", `{}`) },
	},
	{
		name: "Azure wrong secret", check: "azure.rule", seen: "gives no access token", remedy: "client_secret",
		change: func(_ *testing.T, s *setup) {
			s.entra.handler = always(http.StatusUnauthorized, "application/json", `{"error":"invalid_client"}`)
		},
	},
	{
		name: "Azure secret expired", check: "azure.rule", seen: "AADSTS7000222: The provided client secret keys are expired", remedy: "credential::client_secret` to its value",
		change: func(_ *testing.T, s *setup) {
			s.entra.handler = always(http.StatusUnauthorized, "application/json", `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired. Trace ID: 1","error_codes":[7000222]}`)
		},
	},
	{
		name: "Azure wrong application", check: "azure.rule", seen: "AADSTS700016", remedy: "credential::client_id`",
		change: func(_ *testing.T, s *setup) {
			s.entra.handler = always(http.StatusBadRequest, "application/json", `{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'client' was not found in the directory 'tenant'.\r\nTrace ID: 1","error_codes":[700016]}`)
		},
	},
	{
		name: "Azure application disabled", check: "azure.rule", seen: "AADSTS7000112", remedy: "Properties",
		change: func(_ *testing.T, s *setup) {
			s.entra.handler = always(http.StatusBadRequest, "application/json", `{"error":"unauthorized_client","error_description":"AADSTS7000112: Application 'client' is disabled.","error_codes":[7000112]}`)
		},
	},
	{
		name: "Azure private link", check: "azure.rule", seen: "has no role for the rule (403): AccessDenied private link", remedy: "Monitoring Metrics Publisher",
		change: func(_ *testing.T, s *setup) {
			s.azure.handler = always(http.StatusForbidden, "application/json", `{"error":{"code":"AccessDenied","message":"private link"}}`)
		},
	},
	{
		name: "Azure wrong cloud", check: "azure.endpoint", seen: "is in the cloud us_government", remedy: "credential::cloud",
		change: func(_ *testing.T, s *setup) {
			s.settings.Timeout = 2 * time.Second // the name is not resolved
			s.azure.url = "https://doctor-test.usgovvirginia-1.ingest.monitor.azure.us"
		},
	},
}
