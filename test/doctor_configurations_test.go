// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/bulkapi"
)

// explainedWarnings are those of a right set-up, by the check: what they are about.
var explainedWarnings = map[string][]string{
	"user":            {"the checks run as root"},
	"config.delivery": {"exporter azuremonitor: it reports success before it sends"}, // as config/azuremonitor.yaml says itself
}

// expectNothingWrong fails the test if a line of --json is failed, or is a warning that
// is not explained.
func expectNothingWrong(t *testing.T, report *doctorReport) {
	t.Helper()
	for _, result := range report.results {
		switch result.Status {
		case "failed":
			assert.Fail(t, "failed", "%+v", result)
		case "warning":
			assert.True(t, slices.ContainsFunc(explainedWarnings[result.Check], func(text string) bool { return strings.Contains(result.Seen, text) }), "%+v", result)
		case "not checked":
			assert.NotEmpty(t, result.Remedy, "how to check it: %+v", result)
		}
	}
	assert.Zero(t, report.status, report.text)
	assert.NotEmpty(t, report.results)
	requireNoSecrets(t, report.text)
}

// rightAnswers makes the destinations of a site answer everything that doctor asks, and
// returns the variables for what a site has no server for.
func (s *site) rightAnswers(t *testing.T) (environment []string) {
	t.Helper()
	s.bulk.rights = elasticRights{privileges: []string{"create_doc", "auto_configure"}, readAll: true}
	registry := newDestination(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		files := map[string]string{"/tlog/head": "signed-head.json", "/.well-known/oversight-registry": "well-known.json"}
		http.ServeFile(w, r, filepath.Join("..", "testdata", files[r.URL.Path]))
	}))
	gateway := newDestination(t, http.NotFoundHandler())
	return []string{
		"OVERSIGHT_ENDPOINT=" + registry.url, "OVERSIGHT_ENDPOINT_2=" + registry.url,
		"OTLP_ENDPOINT=" + strings.TrimPrefix(gateway.url, "http://"), "OTLP_INSECURE=true",
	}
}

// asOpenSearch makes the fake answer as a node of OpenSearch with its security plugin.
// Source: a node of OpenSearch 2, see make test-engines.
func (b *bulk) asOpenSearch() {
	b.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		text, err := body(r)
		switch {
		case err != nil:
			bulkapi.Refuse(w, http.StatusBadRequest, "parse_exception", err.Error())
		case user != "oversight" || password != "secret":
			w.Header().Set("WWW-Authenticate", `Basic realm="OpenSearch Security"`)
			answer(http.StatusUnauthorized, "text/plain; charset=UTF-8", "Unauthorized")(w, r)
		case strings.HasPrefix(r.URL.Path, "/_security/"):
			answer(http.StatusBadRequest, "application/json; charset=UTF-8", fmt.Sprintf(`{"error":"no handler found for uri [%s] and method [%s]"}`, r.URL.Path, r.Method))(w, r)
		case b.ask(w, r, text):
		default:
			bulkapi.Answer(w, r, text, b.create)
		}
		return true
	})
}

// Every configuration in config/ is right, while the collector runs with it.
func TestDoctorFindsShippedConfigurationsRight(t *testing.T) {
	for _, name := range serviceConfigurations(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "registry.sqlite", "edge.sqlite")
			s.startKafka()
			environment := s.rightAnswers(t)
			if strings.Contains(name, "opensearch") {
				s.bulk.asOpenSearch()
			}
			command := s.command(nil, name, s.changesFor(t, name)...)
			command.Env = append(command.Env, environment...)
			collector := startCollector(t, command)
			collector.waitForOutput(collector.ready)

			scene := &doctorScene{t: t, programs: filepath.Dir(siemBinary)}
			report := scene.runDoctorWith(command.Env, command.Args[1:]...)
			expectNothingWrong(t, &report)
			collector.interrupt()
		})
	}
}

// changesFor returns what a configuration needs beside variables to run here.
func (s *site) changesFor(t *testing.T, name string) []string {
	t.Helper()
	if strings.Contains(shipped(t, name), "azure_logs_ingestion:") {
		return []string{s.azure.trust()}
	}
	return nil
}

// What oversight-siem config prints is right, too.
func TestDoctorFindsPrintedConfigurationsRight(t *testing.T) {
	for _, name := range []string{"splunk", "elastic", "opensearch", "sentinel", "azuremonitor", "otlp", "files"} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "registry.sqlite")
			environment := s.rightAnswers(t)
			if name == "opensearch" {
				s.bulk.asOpenSearch()
			}
			text, _ := printedConfiguration(t, "--for", name)
			path := filepath.Join(s.dir, "printed.yaml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			arguments := []string{"--config", path}
			for _, change := range s.changesFor(t, name+".yaml") {
				trust := filepath.Join(s.dir, "trust.yaml")
				require.NoError(t, os.WriteFile(trust, []byte(change), 0o600))
				arguments = append(arguments, "--config", trust)
			}
			scene := &doctorScene{t: t, programs: filepath.Dir(siemBinary)}
			report := scene.runDoctorWith(append(s.environment(), environment...), arguments...)
			expectNothingWrong(t, &report)
		})
	}
}
