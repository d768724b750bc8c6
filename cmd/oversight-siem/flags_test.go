// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

func TestFlagErrors(t *testing.T) {
	key := writeFile(t, "c2VjcmV0LWtleQ==")
	empty := writeFile(t, "\n")
	noDirectory := filepath.Join(t.TempDir(), "none", "events")
	valid := exporting("edge", "splunk")
	with := func(more ...string) []string { return append(append([]string{}, valid...), more...) }
	web := func(more ...string) []string { return append(with("--output", "http://127.0.0.1:1/x"), more...) }
	sentinel := func(more ...string) []string { return exporting("edge", "sentinel", more...) }
	for name, c := range map[string]struct {
		arguments []string
		want      []string
	}{
		"unknown command":       {[]string{"import"}, []string{`"import"`, "export"}},
		"argument":              {with("x"), []string{`"x"`, "export --help"}},
		"unknown flag":          {with("--color"), []string{"--color"}},
		"no database":           {[]string{"export", "--registry-id", "x", "--format", "ecs"}, []string{"--db is required", "registry.sqlite"}},
		"no registry id":        {[]string{"export", "--db", "x", "--format", "ecs"}, []string{"--registry-id is required", "ed25519_pub"}},
		"no registry id, shown": {[]string{"preview", "--db", "x"}, []string{"--registry-id is required", "ed25519_pub"}},
		"registry id, upper":    {with("--registry-id", strings.ToUpper(registryID)), []string{"--registry-id is", "must be in lower case: " + registryID}},
		"registry id, cut":      {with("--registry-id", registryID[1:]), []string{"--registry-id is", "has 63 hex digits"}},
		"registry id, spaces":   {[]string{"preview", "--db", "x", "--registry-id", "a\nb"}, []string{"--registry-id is", "spaces, line ends"}},
		"no format":             {[]string{"export", "--db", "x", "--registry-id", "x"}, []string{"--format is required", "splunk, ecs, sentinel"}},
		"wrong format":          {[]string{"export", "--db", "x", "--registry-id", "x", "--format", "cef"}, []string{`--format is "cef"`, "splunk, ecs, sentinel"}},
		"since":                 {with("--since", "yesterday"), []string{`--since is "yesterday"`, "2026-01-01T00:00:00Z", "Unix seconds"}},
		"until":                 {with("--until", "2026-13-01"), []string{`--until is "2026-13-01"`}},
		"nothing between":       {with("--since", "20", "--until", "20"), []string{"--since is 20", "--until, which is 20"}},
		"after":                 {with("--after-id", "-1"), []string{"--after-id is -1"}},
		"limit":                 {with("--limit", "0"), []string{"--limit is 0", "positive"}},
		"another's flag":        {with("--sentinel-log-type", "x"), []string{"--sentinel-log-type", "--format sentinel", "splunk"}},
		"no such database":      {[]string{"export", "--db", "none.sqlite", "--registry-id", "x", "--format", "ecs"}, []string{"--db none.sqlite", "no such file"}},
		"not a database":        {[]string{"export", "--db", key, "--registry-id", "x", "--format", "ecs"}, []string{"--db " + key, "not a database"}},
		"gzip for a file":       {with("--gzip"), []string{"--gzip", "URL"}},
		"header for a file":     {with("--output", "x", "--header", "a: b"), []string{"--header", "URL"}},
		"scheme":                {with("--output", "ftp://user:password@host/"), []string{"--output is ftp://", "https"}},
		"no host":               {with("--output", "https:///x"), []string{"--output", "URL"}},
		"no output":             {with("--output", ""), []string{"--output", "URL"}},
		"no directory":          {with("--output", noDirectory), []string{"--output is " + noDirectory, "no such file"}},
		"batch size":            {web("--batch-size", "0"), []string{"--batch-size is 0", "positive"}},
		"batch bytes":           {web("--batch-bytes", "0"), []string{"--batch-bytes is 0", "positive"}},
		"tries":                 {web("--max-tries", "0"), []string{"--max-tries is 0", "positive"}},
		"interval":              {web("--retry-interval", "0s"), []string{"--retry-interval is 0s"}},
		"timeout":               {web("--timeout", "-1s"), []string{"--timeout is -1s"}},
		"no header":             {web("--header", "password"), []string{"--header", "'Key: Value'"}},
		"header name":           {web("--header", "a b: password"), []string{"--header", "'Key: Value'"}},
		"header value":          {web("--header", "X-Key: a\npassword"), []string{"--header X-Key", "line break"}},
		"header's variable":     {web("--header", "X-Key: ${env:NOT_THERE}"), []string{"--header X-Key", "${env:NOT_THERE}", "not set"}},
		"header's file":         {web("--header", "X-Key: ${file:/not/there}"), []string{"--header X-Key", "/not/there", "no such file"}},
		"token file":            {web("--splunk-token-file", "/not/there"), []string{"--splunk-token-file /not/there", "no such file"}},
		"empty token file":      {web("--splunk-token-file", empty), []string{"--splunk-token-file " + empty, "empty"}},
		"workspace":             {sentinel("--sentinel-workspace-id", "a/b", "--sentinel-shared-key-file", key), []string{`--sentinel-workspace-id is "a/b"`}},
		"no key":                {sentinel("--sentinel-workspace-id", "w"), []string{"--sentinel-workspace-id", "--sentinel-shared-key-file", "OVERSIGHT_SENTINEL_SHARED_KEY"}},
		"no workspace":          {sentinel("--output", "http://127.0.0.1:1/", "--sentinel-shared-key-file", key), []string{"--sentinel-shared-key-file", "--sentinel-workspace-id"}},
		"workspace for a file":  {sentinel("--output", "-", "--sentinel-workspace-id", "w"), []string{"--sentinel-workspace-id", "URL"}},
		"key":                   {sentinel("--sentinel-workspace-id", "w", "--sentinel-shared-key-file", writeFile(t, "password!")), []string{"--sentinel-shared-key-file", "base64"}},
		"log type":              {sentinel("--sentinel-workspace-id", "w", "--sentinel-shared-key-file", key, "--sentinel-log-type", "a-b"), []string{`--sentinel-log-type is "a-b"`}},
		"signed and compressed": {sentinel("--sentinel-workspace-id", "w", "--sentinel-shared-key-file", key, "--gzip"), []string{"--gzip", "Data Collector"}},
		"too large for a post":  {sentinel("--sentinel-workspace-id", "w", "--sentinel-shared-key-file", key, "--batch-bytes", "30000001"), []string{"--batch-bytes is 30000001", "30000000"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, c.arguments...)
			assert.Equal(t, 1, r.code)
			assert.Empty(t, r.stdout)
			for _, want := range c.want {
				assert.Contains(t, r.stderr, want)
			}
			assert.True(t, strings.HasPrefix(r.stderr, "oversight-siem: "), r.stderr)
			assert.NotContains(t, r.stderr, "password")
			assert.NotContains(t, r.stderr, "c2VjcmV0")
			assert.NoFileExists(t, "x")
		})
	}
}

// verify tells errors from findings by its exit status.
func TestVerifyChecksRegistryID(t *testing.T) {
	r := run(t, "verify", "--db", "x", "--tlog", "x", "--registry-id", registryID+"0")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "oversight-siem: --registry-id is")
	assert.Contains(t, r.stderr, "has 65 hex digits")
}

func TestHelp(t *testing.T) {
	for _, arguments := range [][]string{nil, {"--help"}, {"export", "--help"}, {"preview", "--help"}, {"verify", "--help"}, {"verify-evidence", "--help"}, {"prove", "--help"}} {
		r := run(t, arguments...)
		assert.Zero(t, r.code)
		assert.Contains(t, r.stdout, "Usage:")
		for line := range strings.Lines(r.stdout) {
			require.LessOrEqual(t, len([]rune(line)), 140, line)
		}
	}
	help := run(t, "export", "--help").stdout
	for _, name := range []string{cli.SplunkTokenVariable, cli.SharedKeyVariable, "${env:NAME}", "${file:PATH}", "--after-id N", "130", "141"} {
		assert.Contains(t, help, name)
	}
	for _, text := range []string{"EXIT STATUS", "not everything could be checked", "leaf_without_row", "integrity_kind", "--pruned", "130", "141"} {
		assert.Contains(t, run(t, "verify", "--help").stdout, text)
	}
	for _, text := range []string{"EXIT STATUS", "not_proven", "64 MiB", "--issuer-key HEX", "141"} {
		assert.Contains(t, run(t, "verify-evidence", "--help").stdout, text)
	}
	assert.Contains(t, run(t, "prove", "--help").stdout, "RFC 6962")
}

// Shells complete commands, flags, and the values of flags that have a few.
func TestCompletion(t *testing.T) {
	assert.Contains(t, run(t, "__complete", "verify").stdout, "verify-evidence\tVerify an evidence bundle")
	assert.Contains(t, run(t, "__complete", "verify-evidence", "--").stdout, "--issuer-key")
	assert.Contains(t, run(t, "__complete", "prove", "--format", "").stdout, "json\ntlog-proof\n")
	assert.Contains(t, run(t, "__complete", "verify-evidence", "").stdout, ":0\n", "the argument is a file")
}
