// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package splunk_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// slim returns what `slim validate` objects to: its warnings and errors, without paths and
// line numbers, each once. It stops early at a manifest that asks for Splunk 9, because its
// list of versions ends with 8.0.
func slim(t *testing.T, changed map[string]string) []string {
	manifest := readApp(t, "app.manifest")
	require.Contains(t, manifest, `"Enterprise": ">=9.0"`)
	dir := copyApp(t, changed)
	manifest = strings.Replace(manifest, `"Enterprise": ">=9.0"`, `"Enterprise": ">=8.0"`, 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "app.manifest"), []byte(manifest), 0o600))
	bin, err := tools.Python(t.Context(), "requirements-slim.txt", "python3.11", "python3.10", "python3.9", "python3.8")
	require.NoError(t, err)
	output, _ := run(t, filepath.Join(bin, "slim"), "validate", dir)
	require.Contains(t, output, "App validation complete", "slim did not finish")
	place := regexp.MustCompile(`^\S+, line \d+: `)
	var objections []string
	for _, match := range regexp.MustCompile(`(?m)^slim validate: \[(?:WARNING|ERROR)\] (.+)$`).FindAllStringSubmatch(output, -1) {
		objections = append(objections, place.ReplaceAllString(match[1], ""))
	}
	slices.Sort(objections)
	return slices.Compact(objections)
}

// allowed are the objections that are wrong, because slim knows the settings of Splunk 7
// and the app uses newer ones.
func allowed(t *testing.T) []string {
	text, err := os.ReadFile("testdata/slim.yaml")
	require.NoError(t, err)
	var list []struct {
		Objection, Source string
	}
	require.NoError(t, yaml.Unmarshal(text, &list))
	var objections []string
	for _, entry := range list {
		assert.NotEmpty(t, entry.Source, "%s: where Splunk documents it", entry.Objection)
		objections = append(objections, entry.Objection)
	}
	slices.Sort(objections)
	return objections
}

// Every setting is one that Splunk has, in a stanza that has it. A line of testdata/slim.yaml
// that slim no longer objects to has to go.
func TestSlim(t *testing.T) {
	assert.Equal(t, strings.Join(allowed(t), "\n"), strings.Join(slim(t, nil), "\n"))
}

func TestSlimFinds(t *testing.T) {
	text := readApp(t, "default/app.conf")
	objections := slim(t, map[string]string{
		"default/app.conf": strings.Replace(text, "is_visible =", "is_visibel =", 1),
	})
	assert.Contains(t, strings.Join(objections, "\n"), "is_visibel")
}
