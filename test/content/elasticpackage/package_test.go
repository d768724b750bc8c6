// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// specProgram returns the program that checks packages against package-spec.
func specProgram(t *testing.T) string {
	t.Helper()
	program, err := tools.Go(t.Context(), filepath.Join(root, "internal", "tools", "elasticpackage"), ".")
	require.NoError(t, err)
	tools.Note("package-spec v3.5.0 (Elastic License 2.0)")
	return program
}

// The package is valid, as a directory and as the zip that Kibana takes.
func TestPackageIsValid(t *testing.T) {
	program := specProgram(t)
	output, err := exec.CommandContext(t.Context(), program, filepath.Join(content, "package", "oversight"), buildZip(t)).CombinedOutput()
	require.NoError(t, err, "%s", output)
}

func buildZip(t *testing.T) (file string) {
	t.Helper()
	dir := t.TempDir()
	command := exec.CommandContext(t.Context(), "go", "run", "./internal/tools/elasticcontent", "-zip", dir, "content/elastic")
	command.Dir = root
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return strings.TrimSpace(string(output))
}

// What package-spec is for: each of these changes is found.
func TestInvalidPackagesAreFound(t *testing.T) {
	program := specProgram(t)
	beacon := "data_stream/beacon/"
	for name, c := range map[string]struct{ file, before, after, message string }{
		"capability":  {"manifest.yml", "    capabilities:\n      - security\n", "", "capability"},
		"processor":   {beacon + "elasticsearch/ingest_pipeline/default.yml", "- user_agent:", "- useragent:", "useragent"},
		"field type":  {beacon + "fields/fields.yml", "type: flattened", "type: flat_object", "type must be one of"},
		"filter":      {"kibana/dashboard/oversight-overview.json", `"filters": [`, `"filter": [`, "filter"},
		"object's id": {"kibana/dashboard/oversight-overview.json", `"id": "oversight-overview"`, `"id": "oversight-all"`, "non-matching ID"},
		"version":     {"changelog.yml", "version: 0.1.0", "version: 0.0.9", "changelog entry"},
		"dataset":     {beacon + "fields/base-fields.yml", "type: constant_keyword", "type: keyword", "constant_keyword"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "oversight")
			require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(content, "package", "oversight"))))
			path := filepath.Join(dir, filepath.FromSlash(c.file))
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(text), c.before)
			changed := strings.ReplaceAll(string(text), c.before, c.after)
			require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
			output, err := exec.CommandContext(t.Context(), program, dir).CombinedOutput()
			require.Error(t, err)
			assert.Contains(t, string(output), c.message)
		})
	}
}
