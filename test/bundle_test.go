// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bundleOf makes a support bundle with the environment of a collector, and returns its
// files.
func bundleOf(t *testing.T, environment []string, arguments ...string) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle.tar.gz")
	command := exec.Command(siemBinary, append([]string{"doctor", "--collector", collectorBinary, "--bundle", path}, arguments...)...)
	command.Env = environment
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	compressed, err := gzip.NewReader(file)
	require.NoError(t, err)
	files := map[string]string{}
	for reader := tar.NewReader(compressed); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		text, err := io.ReadAll(reader)
		require.NoError(t, err)
		files[strings.TrimPrefix(header.Name, "oversight-bundle/")] = string(text)
	}
}

// eventsOf are texts of the sample events that a bundle may not have: their tokens,
// recipients and addresses.
func eventsOf(t *testing.T) (texts []string) {
	t.Helper()
	for _, document := range vectors(t, "splunk") {
		event, _ := document["event"].(map[string]any)
		for _, key := range []string{"token_id", "recipient_id", "source_ip"} {
			if text, _ := event[key].(string); len(text) >= 8 {
				texts = append(texts, text)
			}
		}
	}
	require.NotEmpty(t, texts)
	return texts
}

// The bundle of a running collector has its status, metrics and log, and neither secrets
// nor events.
func TestBundleOfRunningCollector(t *testing.T) {
	const header, proxyPassword = "header-of-the-bundle-test", "password-of-the-bundle-test"
	s := newSite(t, "registry.sqlite")
	s.hec.set(func() { s.hec.token = "another" }) // so that the log has errors
	environment := append(s.environment(), "BUNDLE_HEADER="+header)
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	text := strings.Replace(shipped(t, "splunk.yaml"), "    token: ${env:SPLUNK_HEC_TOKEN}\n", "    token: ${env:SPLUNK_HEC_TOKEN}\n    headers: {X-Bundle: \"${env:BUNDLE_HEADER}\"}\n", 1)
	require.Contains(t, text, "X-Bundle")
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	envFile := filepath.Join(dir, "otelcol-oversight.conf")
	require.NoError(t, os.WriteFile(envFile, []byte("SPLUNK_HEC_TOKEN="+hecToken+"\nHTTPS_PROXY=http://u:"+proxyPassword+"@proxy.example.org:3128\n"), 0o600))

	command := exec.Command(collectorBinary, "--config", config)
	command.Env = environment
	collector := startCollector(t, command)
	collector.waitForOutput(collector.ready)
	collector.waitForOutput("Invalid token")
	log := filepath.Join(dir, "collector.log")
	require.NoError(t, os.WriteFile(log, []byte(collector.Output.String()+"leaked "+hecToken+" "+header+"\n"), 0o600))
	files := bundleOf(t, environment, "--config", config, "--env-file", envFile, "--log-file", log)

	for name, wants := range map[string][]string{
		"versions.txt":  {"collector: otelcol-oversight version"},
		"health.json":   {`"healthy":false`, "receiver:oversight/splunk"},
		"metrics.txt":   {"otelcol_process_uptime", "otelcol_oversight_"},
		"collector.log": {"Everything is ready", "leaked *** ***"},
		"doctor.txt":    {" splunk.token splunk_hec: "},
		"config-1.yaml": {"${env:SPLUNK_HEC_TOKEN}", "# No batch processor", `index: ${env:SPLUNK_INDEX:-}`},
		"state.txt":     {`"receiver_oversight_splunk"`},
		"registry.txt":  {`"registry.sqlite"`},
	} {
		for _, want := range wants {
			assert.Contains(t, files[name], want, name)
		}
	}
	for _, text := range append(eventsOf(t), hecToken, header, proxyPassword) {
		for name, content := range files {
			assert.NotContainsf(t, content, text, "%s has it", name)
		}
	}
	collector.interrupt()
}

// ownWords are settings with what an operator writes freely, and the password that stays
// in a comment.
var ownWords = regexp.MustCompile(`^(condition|blocked_key_patterns|password|# +password|# +username): |^- '\*\*\*'$`)

// Of every shipped configuration, everything else is shown.
func TestBundleShowsShippedConfigurations(t *testing.T) {
	for _, name := range serviceConfigurations(t) {
		files := bundleOf(t, []string{"PATH=/usr/bin:/bin"}, "--config", filepath.Join(configDir, name), "--timeout", "2s")
		var hidden []string
		for line := range strings.Lines(files["config-1.yaml"]) {
			if strings.Contains(line, "***") && !ownWords.MatchString(strings.TrimSpace(line)) {
				hidden = append(hidden, strings.TrimSpace(line))
			}
		}
		assert.Empty(t, hidden, name)
	}
}
