// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

const testdata = "../../../../testdata"

// registryKey is the key of the registry in testdata, and otherKey that of another.
const (
	registryKey = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"
	otherKey    = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
)

// setup is a collector's configuration and what it names. A test changes one thing of a
// right one.
type setup struct {
	dir                       string
	database, leaves, storage string
	registryID                string
	registry, hec, elastic    *server
	azure, entra              *server
	token                     string
	processor, ca, more       string
	receiverMore              string
	exporters, credential     string
	moreConfig                []string // files that are merged into the configuration
	settings                  doctor.Settings
}

// newSetup returns a right set-up.
func newSetup(t *testing.T) *setup {
	t.Helper()
	dir := t.TempDir()
	s := &setup{
		dir: dir, database: filepath.Join(dir, "registry", "registry.sqlite"), leaves: filepath.Join(dir, "registry", "tlog", "leaves.jsonl"),
		storage: filepath.Join(dir, "state"), registryID: registryKey, token: hecToken, processor: "oversight_siem", credential: "client_secret",
	}
	require.NoError(t, os.MkdirAll(filepath.Dir(s.leaves), 0o755))
	require.NoError(t, os.Mkdir(s.storage, 0o755))
	for from, to := range map[string]string{"registry.sqlite": s.database, "tlog/leaves.jsonl": s.leaves} {
		require.NoError(t, os.WriteFile(to, read(t, filepath.Join(testdata, from)), 0o644))
	}
	s.registry = newServer(t, registryServer(t))
	s.hec, s.elastic = newServer(t, hecServer), newServer(t, elasticServer)
	s.entra = newServer(t, entraServer)
	s.azure = newServer(t, azureServer)
	return s
}

// config writes the configuration.
func (s *setup) config(t *testing.T) string {
	t.Helper()
	text := fmt.Sprintf(`
receivers:
  oversight:
    database: %s
    registry_id: %q
    storage: file_storage
    transparency_log:
      leaves: %s
      tree_head: {endpoint: %q}
%s
processors:
  oversight_siem: {format: splunk, splunk: {index: oversight}}
  batch: {}
exporters:
  splunk_hec:
    endpoint: %s/services/collector
    token: %s
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
    middlewares: [{id: responsecheck}]
    tls: {%s}
  elasticsearch:
    endpoints: [%s]
    api_key: good-key
    sending_queue: {enabled: false}
    retry: {enabled: false}
    middlewares: [{id: responsecheck}]
  azure_logs_ingestion:
    endpoint: %s
    rule_id: dcr-00000000000000000000000000000001
    stream_name: Custom-Oversight
    credential: {type: %s, tenant_id: tenant, client_id: client, client_secret: good-secret, authority_host: %s}
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
  file: {path: %s, rotation: {max_megabytes: 100}}
%s
extensions:
  file_storage: {directory: %s, fsync: true}
  responsecheck: {}
service:
  extensions: [file_storage, responsecheck]
  pipelines:
    logs: {receivers: [oversight], processors: [%s], exporters: [splunk_hec, elasticsearch, azure_logs_ingestion, file%s]}
`, s.database, s.registryID, s.leaves, s.registry.url, s.receiverMore, s.hec.url, s.token, s.ca, s.elastic.url, s.azure.url, s.credential, s.entra.url, filepath.Join(s.dir, "events.ndjson"), s.more, s.storage, s.processor, s.exporters)
	path := filepath.Join(s.dir, "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// run makes the checks. The registry's directory must be the same afterwards.
func (s *setup) run(t *testing.T) doctor.Report {
	t.Helper()
	s.settings.Config = append([]string{s.config(t)}, s.moreConfig...)
	before := listing(t, filepath.Join(s.dir, "registry"))
	report, err := doctor.Run(t.Context(), s.settings)
	require.NoError(t, err)
	require.Equal(t, before, listing(t, filepath.Join(s.dir, "registry")), "a trace in the registry's directory")
	return report
}

// listing is all files below a directory, with sizes and times.
func listing(t *testing.T, dir string) (lines []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			lines = append(lines, fmt.Sprint(path, info.Mode(), info.Size(), info.ModTime()))
		}
		return err
	}))
	return lines
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

// sql changes the database.
func (s *setup) sql(t *testing.T, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", s.database)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// cutLog keeps the first lines of the log.
func (s *setup) cutLog(t *testing.T, lines int) {
	t.Helper()
	all := strings.SplitAfter(string(read(t, s.leaves)), "\n")
	require.NoError(t, os.WriteFile(s.leaves, []byte(strings.Join(all[:lines], "")), 0o644))
}

// results are those of a check.
func results(report doctor.Report, id string) (found []doctor.Result) {
	for _, r := range report {
		if r.Check == id {
			found = append(found, r)
		}
	}
	return found
}

// server is a server whose answers a test may replace.
type server struct {
	url     string
	handler http.HandlerFunc
	http    *httptest.Server
}

func newServer(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{handler: handler}
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handler(w, r) }))
	t.Cleanup(s.http.Close)
	s.url = s.http.URL
	return s
}

// always is a server with one answer.
func always(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
