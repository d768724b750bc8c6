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

// names returns what a pattern's group matches, sorted, each once.
func names(pattern string, text []byte) (found []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		found = append(found, string(match[1]))
	}
	slices.Sort(found)
	return slices.Compact(found)
}
