// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package alerts tests that the alerting rules lead to what to do. The rules
// themselves are tested by `make test-alerts`.
package alerts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// pages is where the documentation of the repository is read.
const pages = "https://github.com/oversight-protocol/oversight-otelcol/blob/main/docs/"

// rules is a file of rules of Prometheus.
type rules struct {
	Groups []struct {
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// Every alert links to a section that says what to do about it.
func TestRunbooks(t *testing.T) {
	for _, name := range []string{"rules.yml", "gateway.yml"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		var file rules
		require.NoError(t, yaml.Unmarshal(text, &file))
		require.NotEmpty(t, file.Groups)
		for _, group := range file.Groups {
			require.NotEmpty(t, group.Rules)
			for _, rule := range group.Rules {
				target, ok := strings.CutPrefix(rule.Annotations["runbook_url"], pages)
				require.True(t, ok, "%s: runbook_url must be a page in docs", rule.Alert)
				page, anchor, _ := strings.Cut(target, "#")
				assert.Contains(t, section(t, page, anchor), "`"+rule.Alert+"`", "%s: %s", rule.Alert, target)
			}
		}
	}
}

// section returns the text below the heading with an anchor, up to the next heading
// of the same level.
func section(t *testing.T, page, anchor string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	require.NoError(t, err)
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		if strings.ReplaceAll(strings.ToLower(heading), " ", "-") == anchor {
			return body
		}
	}
	require.Fail(t, "docs/"+page+" has no heading for #"+anchor)
	return ""
}
