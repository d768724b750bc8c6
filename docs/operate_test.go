// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The operators' page has a section for each alert of the rules, and for no other. That
// each alert leads to its section is tested beside the rules.
func TestAlertsOfOperate(t *testing.T) {
	page, err := os.ReadFile("operate.md")
	require.NoError(t, err)
	rules, err := os.ReadFile(filepath.Join("..", "deploy", "alerts", "rules.yml"))
	require.NoError(t, err)
	alerts := names(`(?m)^ *- alert: (\w+)$`, rules)
	require.NotEmpty(t, alerts)
	assert.Equal(t, alerts, names(`(?m)^### (Oversight\w+)$`, page))
}

// What the operators' page names of the deployments is what they have.
func TestDeploymentsOfOperate(t *testing.T) {
	page, err := os.ReadFile("operate.md")
	require.NoError(t, err)
	for file, wants := range map[string][]string{
		"compose/compose.yaml": {"oversight-collector", "collector_state", "OVERSIGHT_COLLECTOR_IMAGE", "stop_grace_period: 20s", "METRICS_HOST", "10001"},
		"compose/README.md":    {"collector/secrets/splunk_hec_token", "collector/compose.yaml"},
		"kubernetes/README.md": {
			"state-oversight-opentelemetry-collector-0", "open-telemetry/opentelemetry-collector --version 0.170.0",
			"splunk_hec_token", "values.yaml", "oversight-collector",
		},
		"kubernetes/values.yaml": {"alternateConfig", "replicaCount: 1", "10001"},
	} {
		text, err := os.ReadFile(filepath.Join("..", "deploy", filepath.FromSlash(file)))
		require.NoError(t, err)
		for _, want := range wants {
			assert.Contains(t, string(text), want, file)
			assert.Contains(t, string(page), want, "operate.md, of %s", file)
		}
	}
}

// names returns what a pattern's group matches, sorted, each once.
func names(pattern string, text []byte) (found []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		found = append(found, string(match[1]))
	}
	slices.Sort(found)
	return slices.Compact(found)
}
