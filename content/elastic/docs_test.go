// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elastic_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// The package has the version of the collector, and the page names it.
func TestVersionIsThatOfTheCollector(t *testing.T) {
	manifest := find(t, `(?m)^version: (\S+)$`, "package", "oversight", "manifest.yml")
	assert.Equal(t, find(t, `(?m)^  version: (\S+)$`, "..", "..", "builder-config.yaml"), manifest)
	assert.Equal(t, find(t, `oversight-([0-9.]+)\.zip`, "..", "..", "docs", "elastic.md"), manifest)
}

// The page shows the request for the collector's API key as the file has it: Kibana's
// console takes no files.
func TestPageShowsTheKey(t *testing.T) {
	key, err := os.ReadFile(filepath.Join("assets", "collector_api_key.json"))
	require.NoError(t, err)
	assert.Contains(t, read(t, "..", "..", "docs", "elastic.md"), "POST _security/api_key\n"+string(key)+"```\n")
}

// The page says of each rule when to enable it.
func TestPageNamesEveryRule(t *testing.T) {
	list, err := detections.Load("..")
	require.NoError(t, err)
	require.NotEmpty(t, list)
	page := read(t, "..", "..", "docs", "elastic.md")
	for i := range list {
		assert.Regexp(t, `\*(Oversight - )?`+regexp.QuoteMeta(list[i].Title)+`\*`, page)
	}
}

// find returns what the group of a pattern matches in a file.
func find(t *testing.T, pattern string, path ...string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(read(t, path...))
	require.NotNil(t, match, "%s in %s", pattern, filepath.Join(path...))
	return match[1]
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(text)
}
