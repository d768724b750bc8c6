// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// doctorConfig writes a configuration that delivers a registry to a file.
func doctorConfig(t *testing.T, database string) string {
	t.Helper()
	dir := t.TempDir()
	return writeFile(t, fmt.Sprintf(`
receivers: {oversight: {database: %s, registry_id: "${env:DOCTOR_REGISTRY}", storage: file_storage}}
exporters: {file: {path: %s/events.ndjson}}
extensions: {file_storage: {directory: %s, fsync: true}}
service: {extensions: [file_storage], pipelines: {logs: {receivers: [oversight], exporters: [file]}}}
`, database, dir, dir))
}

// The exit status says whether a check failed.
func TestDoctorExitStatus(t *testing.T) {
	environment := writeFile(t, "# the service's\nDOCTOR_REGISTRY=\""+registryID+"\"\n")
	right := doctorConfig(t, sample(t).database)
	r := run(t, "doctor", "--config", right, "--env-file", environment)
	assert.Zero(t, r.code, r.stdout+r.stderr)
	assert.Contains(t, r.stdout, "[ok] registry.file oversight: ")
	assert.Contains(t, r.stderr, "no check failed")

	r = run(t, "doctor", "--config", right)
	assert.Equal(t, cli.StatusFindings, r.code)
	assert.Contains(t, r.stdout, "DOCTOR_REGISTRY")

	r = run(t, "doctor", "--config", doctorConfig(t, "/none/registry.sqlite"), "--env-file", environment)
	assert.Equal(t, cli.StatusFindings, r.code)
	assert.Contains(t, r.stdout, "[failed] registry.file oversight: /none/registry.sqlite does not exist")

	broken := writeFile(t, "receivers: a: b\n")
	for want, arguments := range map[string][]string{
		"--config is required":                 {"doctor"},
		"--config " + broken + ": ":            {"doctor", "--config", broken},
		"/none.yaml":                           {"doctor", "--config", "/none.yaml"},
		"--env-file /none.conf: ":              {"doctor", "--config", right, "--env-file", "/none.conf"},
		"--timeout is -1s: must be a positive": {"doctor", "--config", right, "--timeout", "-1s"},
		"--timeout is 0s: must be a positive":  {"doctor", "--config", right, "--timeout", "0"},
		"line 1: must be NAME=value":           {"doctor", "--config", right, "--env-file", writeFile(t, "my-secret\n")},
		"the command accepts flags only, see ": {"doctor", right},
	} {
		r := run(t, arguments...)
		assert.Equal(t, cli.StatusNotChecked, r.code, want)
		assert.Contains(t, r.stderr, want)
		assert.NotContains(t, r.stderr, "my-secret")
	}
}

// --json writes an object for each check.
func TestDoctorJSON(t *testing.T) {
	r := run(t, "doctor", "--config", doctorConfig(t, "/none/registry.sqlite"), "--json")
	found := map[string]string{}
	for line := range strings.Lines(r.stdout) {
		var result struct{ Check, Status, Seen, Remedy string }
		require.NoError(t, json.Unmarshal([]byte(line), &result), line)
		found[result.Check] = result.Status
		if result.Status == "failed" {
			assert.NotEmpty(t, result.Remedy, line)
		}
	}
	assert.Equal(t, "failed", found["registry.file"])
	assert.Equal(t, "ok", found["storage"])
}
