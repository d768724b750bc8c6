// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const apiKey = "dGhlLWlkOnRoZS1zZWNyZXQ="

// stack is a server that answers like Elasticsearch and Kibana, as far as the script asks.
type stack struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
	// answers replace the usual ones, by method and path.
	answers map[string]answer
}

type request struct {
	method, path string
	body         []byte
}

type answer struct {
	status int
	body   string
}

func newStack(t *testing.T, version, flavor string) *stack {
	t.Helper()
	s := &stack{answers: map[string]answer{
		"GET /": {200, `{"name": "n", "version": {"number": "` + version + `", "build_flavor": "` + flavor + `"}, "tagline": "You Know, for Search"}`},
		"GET /_index_template/logs-oversight.beacon":                      {404, `{"error": {}, "status": 404}`},
		"GET /_data_stream/logs-oversight.*":                              {200, `{"data_streams": []}`},
		"POST /kibana/api/saved_objects/_import?overwrite=true":           {200, `{"successCount":5,"success":true,"warnings":[]}`},
		"POST /kibana/api/detection_engine/rules/_import?overwrite=false": {200, `{"success":true,"success_count":11,"rules_count":11,"errors":[]}`},
	}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *stack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Header.Get("Authorization") != "ApiKey "+apiKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodPost && r.Header.Get("kbn-xsrf") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.requests = append(s.requests, request{r.Method, r.URL.RequestURI(), body})
	a, found := s.answers[r.Method+" "+r.URL.RequestURI()]
	if !found {
		a = answer{200, `{"acknowledged": true}`}
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// puts are the bodies that were put, by path, in their order.
func (s *stack) puts() (paths []string, bodies map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bodies = map[string][]byte{}
	for _, r := range s.requests {
		if r.method == http.MethodPut {
			paths = append(paths, r.path)
			bodies[r.path] = r.body
		}
	}
	return paths, bodies
}

// install runs the script and returns its standard output and standard error.
func install(t *testing.T, key string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", append([]string{filepath.Join(content, "assets", "install.sh")}, args...)...)
	command.Env = append(os.Environ(), "ELASTIC_API_KEY="+key)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err = command.Run()
	return out.String(), errs.String(), err
}

var wantPuts = []string{
	"/_ingest/pipeline/oversight@pipeline",
	"/_component_template/oversight@mappings",
	"/_component_template/oversight@settings",
	"/_index_template/logs-oversight.beacon",
	"/_index_template/logs-oversight.integrity",
	"/_index_template/logs-oversight.checkpoint",
}

// What needs something else is put after it, and a second run does the same.
func TestInstall(t *testing.T) {
	for _, version := range []string{"8.19.3", "9.1.0", "9.12.1", "10.0.0"} {
		s := newStack(t, version, "default")
		for range 2 {
			s.requests = nil
			stdout, stderr, err := install(t, apiKey, "--kibana-url", s.URL+"/kibana/", s.URL+"/")
			require.NoError(t, err, stderr)
			paths, bodies := s.puts()
			assert.Equal(t, wantPuts, paths)
			for path, body := range bodies {
				assert.True(t, json.Valid(body), path)
			}
			assert.Contains(t, stdout, "Elasticsearch at "+s.URL+" … "+version+"\n")
			assert.Contains(t, stdout, "done: 11 rules, of which 0 existed")
			assert.Len(t, s.requests, len(wantPuts)+5)
			assert.NotContains(t, stdout+stderr, apiKey)
			last := s.requests[len(s.requests)-1]
			assert.Contains(t, string(last.body), "rule_id")
		}
	}
}

// Serverless knows no index lifecycle management.
func TestInstallOnServerless(t *testing.T) {
	s := newStack(t, "8.11.0", "serverless")
	_, stderr, err := install(t, apiKey, "--serverless", s.URL)
	require.NoError(t, err, stderr)
	paths, bodies := s.puts()
	assert.Equal(t, wantPuts, paths)
	for path, body := range bodies {
		assert.NotContains(t, string(body), "ilm", path)
		assert.NotContains(t, string(body), `"lifecycle": {
          "name"`, path)
	}
	assert.Contains(t, string(bodies["/_component_template/oversight@settings"]), `"data_retention"`)

	s = newStack(t, "9.2.0", "default")
	_, stderr, err = install(t, apiKey, s.URL)
	require.NoError(t, err, stderr)
	_, bodies = s.puts()
	assert.Contains(t, string(bodies["/_component_template/oversight@settings"]), `"prefer_ilm": false`)
}

func TestInstallDryRun(t *testing.T) {
	stdout, stderr, err := install(t, "", "--dry-run", "--kibana-url", "https://kibana.example", "https://elastic.example:9200")
	require.NoError(t, err, stderr)
	for _, path := range wantPuts {
		assert.Contains(t, stdout, "would PUT https://elastic.example:9200"+path+"\n")
	}
	assert.Contains(t, stdout, "would POST https://kibana.example/api/detection_engine/rules/_import?overwrite=false\n")
}

func TestInstallLeavesRulesOut(t *testing.T) {
	s := newStack(t, "9.2.0", "default")
	stdout, stderr, err := install(t, apiKey, "--no-rules", "--kibana-url", s.URL+"/kibana", s.URL)
	require.NoError(t, err, stderr)
	assert.Contains(t, stdout, "Rules … left out")
	for _, r := range s.requests {
		assert.NotContains(t, r.path, "detection_engine")
	}
}

// Each failure names the step, what the server said, and what to do. Nothing is done
// after it.
func TestInstallFails(t *testing.T) {
	const rules = "POST /kibana/api/detection_engine/rules/_import?overwrite=false"
	for name, c := range map[string]struct {
		version, flavor, key string
		answers              map[string]answer
		args                 []string
		puts                 int
		step                 string
		messages             []string
	}{
		"no key":        {key: "none", messages: []string{"Set ELASTIC_API_KEY"}},
		"text as key":   {key: "a b\"", messages: []string{"no API key"}},
		"wrong key":     {key: "d3Jvbmc=", step: "Elasticsearch at", messages: []string{"401", "wrong, expired"}},
		"old version":   {version: "8.18.9", step: "Elasticsearch at", messages: []string{"8.18.9", "8.19 or 9.1"}},
		"9.0":           {version: "9.0.5", step: "Elasticsearch at", messages: []string{"9.0.5"}},
		"OpenSearch":    {version: "2.19.0", step: "Elasticsearch at", messages: []string{"docs/opensearch.md"}},
		"serverless":    {flavor: "serverless", step: "Elasticsearch at", messages: []string{"--serverless"}},
		"no serverless": {args: []string{"--serverless"}, step: "Elasticsearch at", messages: []string{"leave out the option --serverless"}},
		"Fleet": {
			answers: map[string]answer{"GET /_index_template/logs-oversight.beacon": {200, `{"index_templates":[{"index_template":{"_meta":{"managed_by":"fleet"}}}]}`}},
			step:    "Templates of the integration package", messages: []string{"installed in Fleet"},
		},
		"may not": {
			answers: map[string]answer{"PUT /_component_template/oversight@mappings": {403, `{"error":"security_exception"}`}},
			puts:    2, step: "Component template of the fields", messages: []string{"security_exception", "manage_index_templates"},
		},
		"refused": {
			answers: map[string]answer{"PUT /_index_template/logs-oversight.beacon": {400, `{"error":"unknown field [x]"}`}},
			puts:    4, step: "Index template of logs-oversight.beacon", messages: []string{"unknown field [x]"},
		},
		"dashboards": {
			answers: map[string]answer{"POST /kibana/api/saved_objects/_import?overwrite=true": {200, `{"successCount":0,"success":false,"errors":[{"id":"x"}]}`}},
			puts:    6, step: "Data view and dashboards", messages: []string{`"id":"x"`},
		},
		"rules": {
			answers: map[string]answer{rules: {200, `{"success":false,"success_count":10,"rules_count":11,"errors":[{"rule_id":"r","error":{"status_code":400,"message":"name: Required"}}]}`}},
			puts:    6, step: "Detection rules", messages: []string{"name: Required"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.version == "" {
				c.version = "9.2.0"
			}
			if c.flavor == "" {
				c.flavor = "default"
			}
			switch c.key {
			case "":
				c.key = apiKey
			case "none":
				c.key = ""
			}
			s := newStack(t, c.version, c.flavor)
			for path, a := range c.answers {
				s.answers[path] = a
			}
			stdout, stderr, err := install(t, c.key, append(c.args, "--kibana-url", s.URL+"/kibana", s.URL)...)
			require.Error(t, err)
			paths, _ := s.puts()
			assert.Len(t, paths, c.puts)
			for _, message := range c.messages {
				assert.Contains(t, stderr, message)
			}
			if c.step != "" {
				lines := strings.Split(stdout, "\n")
				assert.True(t, strings.HasPrefix(lines[len(lines)-1], c.step), stdout)
			}
		})
	}
}

// A rule that exists may have been tuned. It is no failure.
func TestInstallLeavesExistingRules(t *testing.T) {
	s := newStack(t, "9.2.0", "default")
	s.answers["POST /kibana/api/detection_engine/rules/_import?overwrite=false"] = answer{200, `{"success":false,"success_count":10,"rules_count":11,` +
		`"errors":[{"rule_id":"r","error":{"status_code":409,"message":"rule_id: \"r\" already exists"}}]}`}
	stdout, stderr, err := install(t, apiKey, "--kibana-url", s.URL+"/kibana", s.URL)
	require.NoError(t, err, stderr)
	assert.Contains(t, stdout, "11 rules, of which 1 existed")
}

// A data stream that exists takes the templates' mapping and settings with its next
// rollover, and their lifecycle and failure store never.
func TestInstallNamesDataStreams(t *testing.T) {
	s := newStack(t, "9.2.0", "default")
	s.answers["GET /_data_stream/logs-oversight.*"] = answer{200, `{"data_streams":[{"name":"logs-oversight.beacon-default","timestamp_field":{"name":"@timestamp"},"indices":[{"index_name":".ds-logs-oversight.beacon-default-2026.01.01-000001"}]}]}`}
	stdout, stderr, err := install(t, apiKey, s.URL)
	require.NoError(t, err, stderr)
	for _, request := range []string{
		"POST logs-oversight.beacon-default/_rollover",
		"PUT _data_stream/logs-oversight.beacon-default/_lifecycle", `{"data_retention": "365d"}`,
		"PUT _data_stream/logs-oversight.beacon-default/_options", `{"failure_store": {"enabled": true}}`,
	} {
		assert.Contains(t, stdout, "\n  "+request+"\n")
	}
	settings, err := os.ReadFile(filepath.Join(content, "assets", "component_template", "oversight@settings.json"))
	require.NoError(t, err)
	assert.Contains(t, string(settings), `"data_retention": "365d"`, "the templates' own")
}

// Nothing listens there.
func TestInstallWithoutServer(t *testing.T) {
	s := newStack(t, "9.2.0", "default")
	s.Close()
	_, stderr, err := install(t, apiKey, s.URL)
	require.Error(t, err)
	assert.Contains(t, stderr, "Nothing accepts connections there")
}

// The certificate of a server is checked, and --cacert names who signed it.
func TestInstallChecksCertificates(t *testing.T) {
	s := newStack(t, "9.2.0", "default")
	secure := httptest.NewUnstartedServer(s)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake
	secure.StartTLS()
	t.Cleanup(secure.Close)
	_, stderr, err := install(t, apiKey, secure.URL)
	require.Error(t, err)
	assert.Contains(t, stderr, "--cacert")

	ca := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(ca, pemOf(secure), 0o600))
	_, stderr, err = install(t, apiKey, "--cacert", ca, secure.URL)
	require.NoError(t, err, stderr)
}
