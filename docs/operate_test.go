// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operate.md says for each alert what to do, under a heading that an alert can link to.
func TestAlertsHaveAHeading(t *testing.T) {
	rules, err := os.ReadFile("../deploy/alerts/rules.yml")
	require.NoError(t, err)
	page, err := os.ReadFile("operate.md")
	require.NoError(t, err)
	names := func(pattern string, text []byte) (found []string) {
		for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
			found = append(found, string(match[1]))
		}
		return found
	}
	alerts := names(`(?m)^ *- alert: (\w+)$`, rules)
	require.NotEmpty(t, alerts)
	assert.ElementsMatch(t, alerts, names(`(?m)^### (Oversight\w+)$`, page))
}
