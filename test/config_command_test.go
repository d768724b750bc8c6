// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// printedConfiguration returns the configuration that oversight-siem config prints, and
// what it says on standard error.
func printedConfiguration(t *testing.T, arguments ...string) (text, notice string) {
	t.Helper()
	command := exec.Command(siemBinary, append([]string{"config"}, arguments...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), stderr.String())
	return stdout.String(), stderr.String()
}

// Without answers, it is the file in config/.
func TestConfigWithoutAnswers(t *testing.T) {
	text, notice := printedConfiguration(t, "--for", "splunk")
	assert.Equal(t, shipped(t, "splunk.yaml"), text)
	assert.Contains(t, notice, "OVERSIGHT_DATABASE, OVERSIGHT_REGISTRY_ID, SPLUNK_HEC_ENDPOINT, SPLUNK_HEC_TOKEN\n")
}

// With all answers, the collector needs no environment, and takes the secret from its
// file.
func TestConfigWithAllAnswers(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("InstrumentationKey="+instrumentationKey+"\n"), 0o600))
	tls := []string{"--ca-file", "/etc/a b/ca.pem", "--client-cert-file", "/etc/c.pem", "--client-key-file", "/etc/k.pem"}
	proxy := []string{"--proxy", "http://proxy.example.org:3128"}
	withSecret := []string{"--secret-file", secret}
	for name, more := range map[string][][]string{
		"splunk":       {tls, proxy, withSecret, {"--endpoint", "https://splunk.example.org:8088/services/collector", "--set", "SPLUNK_INDEX=a $HOME \"b\""}},
		"elastic":      {tls, proxy, withSecret, {"--endpoint", "https://elastic.example.org:9200"}},
		"opensearch":   {tls, proxy, withSecret, {"--endpoint", "https://opensearch.example.org:9200", "--set", "OPENSEARCH_USER=oversight"}},
		"azuremonitor": {tls, proxy, withSecret},
		"otlp":         {tls, {"--endpoint", "otlp.example.org:4317", "--set", "OTLP_INSECURE=true"}},
		"files":        {{"--output-dir", filepath.Join(dir, "output")}},
		"sentinel": {tls, proxy, withSecret, {
			"--endpoint", "https://oversight.ingest.monitor.azure.com", "--set", "AZURE_LOGS_RULE_ID=" + ruleID,
			"--set", "AZURE_TENANT_ID=" + tenantID, "--set", "AZURE_CLIENT_ID=" + clientID,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			arguments := []string{"--for", name, "--db", "/var/lib/oversight/registry.sqlite", "--registry-id", "0123", "--state-dir", dir, "--set", "METRICS_PORT=8889"}
			for _, group := range more {
				arguments = append(arguments, group...)
			}
			text, notice := printedConfiguration(t, arguments...)
			assert.Empty(t, notice)
			assert.NotContains(t, text, instrumentationKey)
			path := filepath.Join(dir, name+".yaml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			command := exec.Command(collectorBinary, "validate", "--config", path)
			command.Env = []string{}
			output, err := command.CombinedOutput()
			require.NoError(t, err, "%s\n%s", output, text)
		})
	}
}

func TestConfigErrors(t *testing.T) {
	for name, c := range map[string]struct{ arguments, want []string }{
		"no destination":      {nil, []string{"--for is required", "splunk, elastic"}},
		"destination":         {[]string{"--for", "qradar"}, []string{`--for is "qradar"`, "splunk, elastic"}},
		"relative path":       {[]string{"--for", "files", "--db", "./x"}, []string{"--db is ./x", "absolute"}},
		"secret":              {[]string{"--for", "splunk", "--set", "SPLUNK_HEC_TOKEN=geheim"}, []string{"--set SPLUNK_HEC_TOKEN", "--secret-file"}},
		"proxy with password": {[]string{"--for", "splunk", "--proxy", "http://u:geheim@p:1"}, []string{"--proxy", "HTTPS_PROXY"}},
		"proxy, no scheme":    {[]string{"--for", "splunk", "--proxy", "u:geheim@p:1"}, []string{"--proxy", "a user name"}},
		"endpoint, no scheme": {[]string{"--for", "otlp", "--endpoint", "u:geheim@h:4317"}, []string{"--endpoint", "a user name"}},
		"endpoint, query":     {[]string{"--for", "elastic", "--endpoint", "https://h/?api_key=geheim"}, []string{"--endpoint", "a query", "--secret-file"}},
		"variable, password":  {[]string{"--for", "splunk", "--set", "SPLUNK_HEC_ENDPOINT=https://u:geheim@h"}, []string{"--set SPLUNK_HEC_ENDPOINT", "a user name"}},
		"no secret":           {[]string{"--for", "files", "--secret-file", "/x"}, []string{"--secret-file", "files"}},
		"no endpoint":         {[]string{"--for", "files", "--endpoint", "x"}, []string{"--endpoint", "files"}},
		"no TLS":              {[]string{"--for", "files", "--ca-file", "/x"}, []string{"--ca-file", "files"}},
		"no proxy":            {[]string{"--for", "otlp", "--proxy", "http://x"}, []string{"--proxy", "HTTPS_PROXY"}},
		"certificate alone":   {[]string{"--for", "splunk", "--client-cert-file", "/x"}, []string{"--client-key-file", "both"}},
		"variable":            {[]string{"--for", "splunk", "--set", "X=1"}, []string{`"X"`, "SPLUNK_INDEX"}},
		"no value":            {[]string{"--for", "splunk", "--set", "X"}, []string{"--set", "NAME=VALUE"}},
		"line break":          {[]string{"--for", "splunk", "--set", "SPLUNK_INDEX=a\nb"}, []string{"SPLUNK_INDEX", "line break"}},
		"secret's path":       {[]string{"--for", "splunk", "--secret-file", "/a}b"}, []string{"--secret-file", "must not contain"}},
		"log alone":           {[]string{"--for", "splunk", "--tlog", "/x"}, []string{"--tlog", "--verified"}},
		"short id, verified":  {[]string{"--for", "splunk", "--verified", "--registry-id", "r-1"}, []string{"--registry-id", "64 hex digits"}},
		"password, verified":  {[]string{"--for", "splunk", "--verified", "--registry-url", "http://u:geheim@r"}, []string{"--registry-url"}},
		"output of Splunk's":  {[]string{"--for", "splunk", "--output-dir", "/x"}, []string{"--output-dir does not apply to --for splunk"}},
		"no number":           {[]string{"--for", "splunk", "--set", "METRICS_PORT=8888 # x"}, []string{"METRICS_PORT", "must be a number"}},
		"neither true":        {[]string{"--for", "splunk", "--set", "SPLUNK_HEC_INSECURE={a: b}"}, []string{"SPLUNK_HEC_INSECURE", "true or false"}},
		"not UTF-8":           {[]string{"--for", "splunk", "--db", "/\xff"}, []string{"OVERSIGHT_DATABASE", "UTF-8"}},
		"no URL":              {[]string{"--for", "splunk", "--endpoint", "splunk.example.org:8088"}, []string{"--endpoint must be a URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			output, err := exec.Command(siemBinary, append([]string{"config"}, c.arguments...)...).CombinedOutput()
			require.Error(t, err)
			for _, want := range c.want {
				assert.Contains(t, string(output), want)
			}
			assert.NotContains(t, string(output), "geheim")
		})
	}
}

// --output writes a whole file for the service's group, or nothing, and replaces one only
// with --force.
func TestConfigOutput(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	text, _ := printedConfiguration(t, "--for", "splunk", "--output", path)
	assert.Empty(t, text)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, shipped(t, "splunk.yaml"), string(written))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode())

	for want, arguments := range map[string][]string{
		"--output " + path + ": the file exists: pass --force":                                 {"--output", path},
		"--output /none/config.yaml cannot be written, and nothing was: no such file or direc": {"--output", "/none/config.yaml"},
		"--force is for --output only":                                                         {"--force"},
		"--for is required":                                                                    {"--output", filepath.Join(dir, "other.yaml"), "--for", ""},
	} {
		output, err := exec.Command(siemBinary, append([]string{"config", "--for", "files"}, arguments...)...).CombinedOutput()
		require.Error(t, err, want)
		assert.Contains(t, string(output), want)
	}
	unchanged, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, written, unchanged)

	printedConfiguration(t, "--for", "files", "--output", path, "--force")
	replaced, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, shipped(t, "files.yaml"), string(replaced))
	assert.Equal(t, []string{"config.yaml"}, listing(t, dir), "a temporary file is left")
}

// With --force, a file keeps its owner, group and mode, so that the service can read what it
// could read before, and a link stays one.
func TestConfigReplacesContentOnly(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "managed.yaml"), filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte("old\n"), 0o600))
	if os.Getuid() == 0 {
		require.NoError(t, os.Chown(path, 1, 2)) // as root:otelcol-oversight in the packages
	}
	require.NoError(t, os.Chmod(path, 0o604))
	require.NoError(t, os.Symlink("managed.yaml", link))
	before, err := os.Stat(path)
	require.NoError(t, err)

	printedConfiguration(t, "--for", "files", "--output", link, "--force")
	replaced, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, shipped(t, "files.yaml"), string(replaced))
	after, err := os.Lstat(path)
	require.NoError(t, err)
	assert.Equal(t, before.Mode(), after.Mode())
	owned, want := after.Sys().(*syscall.Stat_t), before.Sys().(*syscall.Stat_t)
	assert.Equal(t, []uint32{want.Uid, want.Gid}, []uint32{owned.Uid, owned.Gid})
	assert.Equal(t, []string{"config.yaml", "managed.yaml"}, listing(t, dir))
	target, err := os.Readlink(link)
	require.NoError(t, err)
	assert.Equal(t, "managed.yaml", target)
}

// Only files are replaced: not a directory, and not a device or a pipe.
func TestConfigReplacesFilesOnly(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, path := range []string{dir, pipe} {
		before, err := os.Lstat(path)
		require.NoError(t, err)
		output, err := exec.Command(siemBinary, "config", "--for", "files", "--output", path, "--force").CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(output), "--output "+path+" cannot be written, and nothing was: it is not a regular file\n")
		after, err := os.Lstat(path)
		require.NoError(t, err)
		assert.Equal(t, before.Mode(), after.Mode())
	}
	assert.Equal(t, []string{"pipe"}, listing(t, dir))
}

// --verified adds transparency_log to each destination's receivers, as config/verified.yaml
// has it. Options for the destination's connection do not apply to the registry's.
func TestConfigVerified(t *testing.T) {
	for _, name := range []string{"splunk", "elastic", "opensearch", "sentinel", "azuremonitor", "otlp", "files"} {
		t.Run(name, func(t *testing.T) {
			text, notice := printedConfiguration(t, "--for", name, "--verified", "--db", "/r/registry.sqlite", "--registry-id", registryIDs["registry.sqlite"],
				"--tlog", "/r/tlog/leaves.jsonl", "--registry-url", "http://registry.example.org:8765")
			assert.Equal(t, strings.Count(text, "    storage: file_storage\n"), strings.Count(text, `leaves: "/r/tlog/leaves.jsonl"`))
			assert.Contains(t, text, `endpoint: "http://registry.example.org:8765"`)
			assert.NotContains(t, text, "OVERSIGHT_TLOG")
			assert.NotContains(t, notice, "OVERSIGHT")
			path := filepath.Join(t.TempDir(), "config.yaml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			command := exec.Command(collectorBinary, "validate", "--config", path)
			command.Env = newSite(t).environment()
			output, err := command.CombinedOutput()
			require.NoError(t, err, "%s\n%s", output, text)
		})
	}
	text, notice := printedConfiguration(t, "--for", "splunk", "--verified", "--proxy", "http://proxy.example.org:3128")
	assert.Equal(t, 1, strings.Count(text, `proxy_url: "http://proxy.example.org:3128"`))
	assert.Contains(t, text, "#   OVERSIGHT_TLOG ")
	assert.Contains(t, notice, "OVERSIGHT_TLOG")
}

// A reference in an answer is a text, and no variable that has to be set.
func TestConfigAsksForNoVariableOfAnAnswer(t *testing.T) {
	text, notice := printedConfiguration(t, "--for", "splunk", "--set", "SPLUNK_INDEX=${env:NOT_A_VARIABLE}")
	assert.Contains(t, text, `index: "$${env:NOT_A_VARIABLE}"`)
	assert.NotContains(t, notice, "NOT_A_VARIABLE")
}
