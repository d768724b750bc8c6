// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package alerts tests that the alerting rules lead to what to do. The rules
// themselves are tested by `make test-alerts`.
package alerts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// pages is where the documentation of the repository is read.
const pages = "https://github.com/oversight-protocol/oversight-otelcol/blob/main/docs/"

// files are the files of rules.
var files = []string{"rules.yml", "gateway.yml"}

// alertRule is an alert of Prometheus.
type alertRule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Annotations map[string]string `yaml:"annotations"`
}

// readRules returns the alerts of a file.
func readRules(t *testing.T, name string) []alertRule {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Rules []alertRule `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	var found []alertRule
	for _, group := range file.Groups {
		require.NotEmpty(t, group.Rules)
		found = append(found, group.Rules...)
	}
	require.NotEmpty(t, found)
	return found
}

// Every alert links to a section that says what to do about it.
func TestRunbooks(t *testing.T) {
	for _, name := range files {
		for _, rule := range readRules(t, name) {
			target, ok := strings.CutPrefix(rule.Annotations["runbook_url"], pages)
			require.True(t, ok, "%s: runbook_url must be a page in docs", rule.Alert)
			page, anchor, _ := strings.Cut(target, "#")
			assert.Contains(t, section(t, page, anchor), rule.Alert, "%s: %s", rule.Alert, target)
		}
	}
}

// heading is a heading of Markdown below that of the page.
var heading = regexp.MustCompile(`(?m)^(##+) (.+)$`)

// section returns the heading with an anchor and the text below it, up to the next
// heading of its level or above.
func section(t *testing.T, page, anchor string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	require.NoError(t, err)
	found, level := -1, 0
	for _, match := range heading.FindAllSubmatchIndex(text, -1) {
		marks, title := match[3]-match[2], string(text[match[4]:match[5]])
		switch {
		case found >= 0 && marks <= level:
			return string(text[found:match[0]])
		case found < 0 && strings.ReplaceAll(strings.ToLower(title), " ", "-") == anchor:
			found, level = match[0], marks
		}
	}
	require.GreaterOrEqual(t, found, 0, "docs/%s has no heading for #%s", page, anchor)
	return string(text[found:])
}
