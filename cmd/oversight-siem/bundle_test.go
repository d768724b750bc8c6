// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// unpack returns the files of a support bundle.
func unpack(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	files := map[string]string{}
	reader := tar.NewReader(compressed)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		assert.Equal(t, int64(0o600), header.Mode)
		text, err := io.ReadAll(reader)
		require.NoError(t, err)
		files[strings.TrimPrefix(header.Name, "oversight-bundle/")] = string(text)
	}
}

// bundleOf runs doctor --bundle - and returns its files and what it says.
func bundleOf(t *testing.T, arguments ...string) (files map[string]string, notice string) {
	t.Helper()
	r := run(t, append([]string{"doctor", "--bundle", "-", "--timeout", "5s"}, arguments...)...)
	require.Zero(t, r.code, r.stderr)
	return unpack(t, []byte(r.stdout)), r.stderr
}

// secretCollector is a configuration with secrets in every place that has some, and a
// collector that repeats them in its answers.
type secretCollector struct {
	config, environment, log string
	secrets                  []string
}

func newSecretCollector(t *testing.T) *secretCollector {
	t.Helper()
	t.Setenv("BUNDLE_HEADER", "header-from-environment-1")
	t.Setenv("BUNDLE_INDEX", "leaks-index")
	secretFile := writeFile(t, "token-from-a-file-2\n")
	pem := "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIB\nAQQgc2VjcmV0LWtleS1saW5lLXR3bw==\n-----END PRIVATE KEY-----"
	c := &secretCollector{secrets: []string{
		"header-from-environment-1", "token-from-a-file-2", "p4ss", "url-password-3", "query-secret-4", "basic-password-5",
		"connection-key-6", "from-env-file-7", "commented-out-8", "literal-header-9", "default-10-secret", "unknown-key-value-11",
		"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIB", "AQQgc2VjcmV0LWtleS1saW5lLXR3bw==", "quote\"and\\slash-12", "ümläut&-13",
		"webhook0path1secret2segment3", "98761234", "later-document-15", "mapped-key-secret-16", "multi line\nsecret-17",
		"inside-an-anchor-18", "from-proxy-19", "unused-variable-20", "flow-value-21", "word4comment2with22digits", "tok\"en",
	}}
	for _, user := range []string{"basic-user"} {
		c.secrets = append(c.secrets, base64.StdEncoding.EncodeToString([]byte(user+":basic-password-5")))
	}
	c.log = writeFile(t, "collector starts\nerror: "+strings.Join(c.secrets, "\nerror: sent ")+"\nescaped "+fmt.Sprintf("%q %s", c.secrets, url.QueryEscape(strings.Join(c.secrets, "&")))+
		"\nother forms "+strings.Join(slices.Concat(otherForms(c.secrets)...), " ")+"\n"+`{"error":"Post \"http://h\": the destination answered HTTP 400: Invalid data format: {\"event\":{\"secret recipient\":\"a \\\"b\\\"\"}… (code 6)","next":1}`+"\nfailed to parse: Preview of field's value: 'secret recipient'\ncollector ends\n")
	repeat, err := os.ReadFile(c.log)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/status" && r.URL.Query().Has("verbose") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprintf(w, "answer of %s: %s", r.URL.Path, repeat)
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	host, port, _ := strings.Cut(address, ":")
	c.environment = writeFile(t, "# password: commented-out-8\nBUNDLE_ENV_FILE=\"from-env-file-7\"\nBUNDLE_UNUSED=unused-variable-20\nBUNDLE_PIN=q7z\nBUNDLE_DATABASE=/none/registry.sqlite\nHTTPS_PROXY=http://u:from-proxy-19@proxy:3128\n")
	c.config = writeFile(t, fmt.Sprintf(`# My collector. The password is prose-14.
# See word4comment2with22digits
receivers:
  oversight: {database: "${env:BUNDLE_DATABASE}", registry_id: abc, storage: file_storage}
exporters:
  splunk_hec:
    endpoint: https://hec-user:url-password-3@127.0.0.1:1/services/collector?channel=query-secret-4 # where Splunk is
    # token: commented-out-8
    token: ${file:%s}
    index: ${env:BUNDLE_INDEX}
    headers:
      Authorization: "Bearer ${env:BUNDLE_HEADER}"
      endpoint: literal-header-9
      X-Secret: "quote\"and\\slash-12"
      X-Umlaut: ümläut&-13
    tls: {key_pem: %q, insecure_skip_verify: true}
    tokn: unknown-key-value-11
    pin: {password: 98761234}
    short: {password: q7z}
  elasticsearch:
    endpoints: ["https://127.0.0.1:1", "https://hooks.example.org/x/webhook0path1secret2segment3"]
    user: basic-user
    password: basic-password-5
    api_key: ${env:BUNDLE_ENV_FILE}
  azuremonitor: {connection_string: "InstrumentationKey=connection-key-6;IngestionEndpoint=https://127.0.0.1:1/"}
  otlp_http: {endpoint: "http://127.0.0.1:1", headers: {a: &anchor inside-an-anchor-18, b: *anchor, "mapped-key-secret-16": x}, tokens: [flow-value-21, 'tok"en']}
  kafka:
    brokers: [127.0.0.1:1]
    auth: {sasl: {username: kafka, password: "${env:BUNDLE_UNSET:-default-10-secret}", mechanism: p4ss}}
    password: |
      multi line
      secret-17
    secret: "p4ss"
extensions:
  file_storage: {directory: /none/state, fsync: true}
  health_check: {http: {endpoint: "%s", status: {path: /status}}}
service:
  extensions: [file_storage, health_check]
  pipelines: {logs: {receivers: [oversight], exporters: [splunk_hec, elasticsearch, otlp_http, kafka]}}
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: %s, port: %s}}}}]}}
---
password: later-document-15
`, secretFile, pem, address, host, port))
	return c
}

// otherForms are those in which secrets stand in logs in JSON, in pages and in dumps.
func otherForms(secrets []string) (all [][]string) {
	for _, secret := range secrets {
		inJSON := fmt.Sprintf("%q", strings.Trim(fmt.Sprintf("%q", secret), `"`))
		all = append(all, []string{strings.Trim(inJSON, `"`), html.EscapeString(secret), fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)})
	}
	return all
}

// No file of a bundle has one byte of a secret, and what is needed is there.
func TestBundleHasNoSecrets(t *testing.T) {
	c := newSecretCollector(t)
	files, notice := bundleOf(t, "--config", c.config, "--env-file", c.environment, "--log-file", c.log)
	for _, secret := range append(c.secrets, "secret recipient", "prose-14") {
		for name, text := range files {
			for _, form := range append(otherForms([]string{secret})[0], secret, url.QueryEscape(secret), strings.Trim(fmt.Sprintf("%q", secret), `"`)) {
				assert.NotContainsf(t, text, form, "%s has it", name)
			}
		}
		assert.NotContains(t, notice, secret)
	}
	for name, wants := range map[string][]string{
		"MANIFEST":         {"versions.txt", "Look through", "metrics.txt"},
		"versions.txt":     {"oversight-siem " + version},
		"build-info.txt":   {"go\tgo1."},
		"config-1.yaml":    {"# where Splunk is", "${env:BUNDLE_DATABASE}", "index: ${env:BUNDLE_INDEX}", "${env:BUNDLE_HEADER}", "X-Secret: '***'", "tokn: '***'", "insecure_skip_verify: true", "exporters: [splunk_hec, elasticsearch, otlp_http, kafka]", "@127.0.0.1:1/services/collector", "${env:BUNDLE_UNSET:-***}"},
		"environment.conf": {"BUNDLE_ENV_FILE=***", "BUNDLE_DATABASE=/none/registry.sqlite", "BUNDLE_UNUSED=***"},
		"doctor.txt":       {"[failed] registry.file oversight"},
		"doctor.json":      {`"check":"registry.file"`},
		"health.json":      {"answer of /status", "collector ends"},
		"metrics.txt":      {"answer of /metrics", "collector ends"},
		"collector.log":    {"collector starts", "error: ***", "collector ends", "Preview of field's value: '***'", `answered HTTP 400: Invalid data format: ***… (code 6)","next":1}`},
		"state.txt":        {"/none/state"},
		"registry.txt":     {"/none:"},
	} {
		for _, want := range wants {
			assert.Contains(t, files[name], want, name)
		}
	}
	// What is too short, or too common, to be removed from everything is not shown where it stands.
	for _, name := range []string{"config-1.yaml", "environment.conf"} {
		assert.NotContains(t, files[name], "q7z", name)
		assert.NotContains(t, files[name], "basic-user", name)
	}
	assert.Contains(t, notice, "checks failed")
	assert.Contains(t, notice, "look through the files")
}

// A configuration that is not valid YAML shows its keys, and nothing is known of the rest.
func TestBundleOfBrokenConfiguration(t *testing.T) {
	broken := writeFile(t, "exporters:\n  splunk_hec:\n    token: broken-secret-1\n   - endpoint: [https://u:broken-secret-2@x\n    # api_key: broken-secret-3\n\tbroken-secret-4\n    password: ${env:HOME}\n")
	log := writeFile(t, "refused broken-secret-1 and broken-secret-4\n")
	files, notice := bundleOf(t, "--config", broken, "--log-file", log)
	for name, text := range files {
		for i := range 4 {
			assert.NotContains(t, text, fmt.Sprintf("broken-secret-%d", i+1), name)
		}
	}
	assert.Contains(t, files["config-1.yaml"], "    token: ***\n")
	assert.Contains(t, files["config-1.yaml"], "    password: ${env:HOME}\n")
	assert.Contains(t, files["collector.log"], "refused *** and ***")
	assert.Contains(t, files["MANIFEST"], "it is not valid YAML")
	for _, absent := range []string{"doctor.txt", "health.json", "metrics.txt", "state.txt", "registry.txt"} {
		assert.NotContains(t, files, absent)
		assert.Contains(t, files["MANIFEST"], "absent  "+absent)
		assert.Contains(t, notice, "absent: "+absent)
	}
}

// Without a configuration that can be read, the log may have anything in it.
func TestBundleWithoutConfiguration(t *testing.T) {
	files, notice := bundleOf(t, "--config", "/none/config.yaml", "--log-file", writeFile(t, "a line\n"))
	assert.Contains(t, files, "versions.txt")
	assert.NotContains(t, files, "collector.log")
	assert.Contains(t, notice, "absent: config-1.yaml: open /none/config.yaml: no such file or directory")
}

// A configuration that was passed as text may have a secret, and is nowhere.
func TestBundleOfConfigurationAsText(t *testing.T) {
	files, notice := bundleOf(t, "--config", writeFile(t, "exporters: {}\n"), "--config", "yaml:exporters::splunk_hec::token: inline-secret", "--log-file", writeFile(t, "a line\n"))
	for name, text := range files {
		assert.NotContains(t, text, "inline-secret", name)
	}
	assert.NotContains(t, notice, "inline-secret")
	assert.Contains(t, notice, "absent: config-2.yaml: it was passed as yaml:, not as a file")
	assert.Contains(t, notice, "absent: collector.log: not every configuration")
	assert.Contains(t, files, "config-1.yaml")
}

// A log that has events in it stays away.
func TestBundleWithoutLogOfEvents(t *testing.T) {
	log := writeFile(t, "recipient=alice\n")
	for setting, config := range map[string]string{
		"debug":                   "exporters: {debug: {verbosity: detailed}}\n",
		"log_request_body\": tru": "exporters: {elasticsearch: {telemetry: {\"log_request_body\": true}}}\n",
	} {
		files, notice := bundleOf(t, "--config", writeFile(t, config), "--log-file", log)
		assert.NotContains(t, files, "collector.log", setting)
		assert.Contains(t, notice, "may have events", setting)
	}
	files, _ := bundleOf(t, "--config", writeFile(t, "# debug\nexporters: {elasticsearch: {telemetry: {log_request_body: false}}} # debug\n"), "--log-file", log)
	assert.Contains(t, files, "collector.log")
}

// The log is bounded to its last lines, and so is a line without an end.
func TestBundleBoundsTheLog(t *testing.T) {
	config := writeFile(t, "exporters: {}\n")
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "line %d\n", i)
	}
	files, _ := bundleOf(t, "--config", config, "--log-file", writeFile(t, many.String()))
	got := strings.Split(strings.TrimSuffix(files["collector.log"], "\n"), "\n")
	require.Len(t, got, 2000)
	assert.Equal(t, "line 3000", got[0])
	assert.Equal(t, "line 4999", got[1999])

	path := writeFile(t, "")
	long, err := os.Create(path)
	require.NoError(t, err)
	for range 30 {
		_, err := fmt.Fprintln(long, strings.Repeat("x", 1<<18))
		require.NoError(t, err)
	}
	require.NoError(t, long.Close())
	files, _ = bundleOf(t, "--config", config, "--log-file", path)
	assert.LessOrEqual(t, len(files["collector.log"]), 5<<20)
	assert.Greater(t, len(files["collector.log"]), 3<<20)
}

// A server that does not end its answer, or sends too much of it, does not keep the
// bundle from being made.
func TestBundleBoundsAnswers(t *testing.T) {
	released := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			for written := 0; written < 5<<20-10; written += 10 { // so that the limit cuts a secret
				_, _ = io.WriteString(w, "metric_a 1\n"[1:])
			}
			_, _ = io.WriteString(w, "secret-at-the-limit\n"+strings.Repeat("metric 1\n", 1<<10))
			return
		}
		w.(http.Flusher).Flush()
		<-released
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(released) })
	host, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	config := writeFile(t, fmt.Sprintf("exporters: {splunk_hec: {token: secret-at-the-limit}}\nextensions: {health_check: {endpoint: '%s:%s'}}\nservice: {telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: %s, port: %s}}}}]}}}\n", host, port, host, port))
	r := run(t, "doctor", "--bundle", "-", "--timeout", "1s", "--config", config)
	require.Zero(t, r.code, r.stderr)
	files := unpack(t, []byte(r.stdout))
	assert.InDelta(t, 5<<20, len(files["metrics.txt"]), 20)
	assert.True(t, strings.HasSuffix(files["metrics.txt"], "etric_a 1\n"), "the last line is not whole")
	assert.Contains(t, files["MANIFEST"], "absent  health.json")
	assert.Contains(t, files["MANIFEST"], "deadline exceeded")
}

// A bundle is a new file that only its owner reads, or nothing.
func TestBundleFile(t *testing.T) {
	config := writeFile(t, "exporters: {}\n")
	dir := t.TempDir()
	path := filepath.Join(dir, "bundle.tar.gz")
	r := run(t, "doctor", "--config", config, "--bundle", path)
	require.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stderr, "to "+path)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, unpack(t, before), "MANIFEST")

	r = run(t, "doctor", "--config", config, "--bundle", path)
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "--bundle "+path+": the file exists")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)

	r = run(t, "doctor", "--config", config, "--bundle", "/none/bundle.tar.gz")
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "--bundle /none/bundle.tar.gz cannot be written, and nothing was: no such file or directory")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "a temporary file is left")
}

func TestBundleFlags(t *testing.T) {
	config := writeFile(t, "exporters: {}\n")
	for want, arguments := range map[string][]string{
		"--json does not apply to --bundle": {"--config", config, "--bundle", "-", "--json"},
		"--log-file is for --bundle only":   {"--config", config, "--log-file", "x"},
		"--config is required":              {"--bundle", "-"},
	} {
		r := run(t, append([]string{"doctor"}, arguments...)...)
		assert.Equal(t, cli.StatusNotChecked, r.code, want)
		assert.Contains(t, r.stderr, want)
	}
}
