// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// installed says, for each way to install the content of a SIEM, what its detections are
// called there.
var installed = map[string]func(t *testing.T) []string{
	"splunk/oversight":       savedSearches,
	"elastic/assets":         importedRules,
	"elastic/package":        packagedRules,
	"sentinel/rules":         analyticRules,
	"sentinel/content.bicep": deployedRules,
}

// Every SIEM has every detection, and no other, by its name.
func TestEverySIEMHasEveryDetection(t *testing.T) {
	list, err := detections.Load(".")
	require.NoError(t, err)
	require.NotEmpty(t, list)
	var want []string
	for i := range list {
		want = append(want, list[i].Name())
	}
	for where, names := range installed {
		t.Run(where, func(t *testing.T) {
			assert.ElementsMatch(t, want, names(t))
		})
	}
}

// The pages for users name every detection.
func TestPagesNameEveryDetection(t *testing.T) {
	list, err := detections.Load(".")
	require.NoError(t, err)
	for _, page := range []string{"splunk/README.md", "../docs/splunk.md", "../docs/elastic.md", "sentinel/README.md"} {
		text := strings.Join(strings.Fields(readFile(t, page)), " ")
		for i := range list {
			assert.Contains(t, text, list[i].Title, page)
		}
	}
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	require.NoError(t, err)
	return string(text)
}

// glob returns the files of a pattern, of which there are some.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.FromSlash(pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	return files
}

var (
	stanza   = regexp.MustCompile(`(?m)^\[(Oversight - [^\]]+)\]$`)
	ruleFile = regexp.MustCompile(`loadYamlContent\('(.+?)'\)`)
)

// savedSearches are the searches of Splunk's app, but not its reports.
func savedSearches(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, match := range stanza.FindAllStringSubmatch(readFile(t, "splunk/oversight/default/savedsearches.conf"), -1) {
		names = append(names, match[1])
	}
	return names
}

func importedRules(t *testing.T) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(readFile(t, "elastic/assets/rules.ndjson")) {
		var rule struct{ Name string }
		require.NoError(t, json.Unmarshal([]byte(line), &rule))
		names = append(names, rule.Name)
	}
	return names
}

func packagedRules(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, file := range glob(t, "elastic/package/oversight/kibana/security_rule/*.json") {
		var rule struct{ Attributes struct{ Name string } }
		require.NoError(t, json.Unmarshal([]byte(readFile(t, file)), &rule))
		names = append(names, rule.Attributes.Name)
	}
	return names
}

func analyticRules(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, file := range glob(t, "sentinel/rules/*.yaml") {
		names = append(names, analyticRule(t, file))
	}
	return names
}

// analyticRule returns the name of a rule of Sentinel.
func analyticRule(t *testing.T, file string) string {
	t.Helper()
	var rule struct{ Name string }
	require.NoError(t, yaml.Unmarshal([]byte(readFile(t, file)), &rule))
	return rule.Name
}

// deployedRules are those that the template of Sentinel deploys.
func deployedRules(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, match := range ruleFile.FindAllStringSubmatch(readFile(t, "sentinel/content.bicep"), -1) {
		names = append(names, analyticRule(t, filepath.Join("sentinel", match[1])))
	}
	return names
}
