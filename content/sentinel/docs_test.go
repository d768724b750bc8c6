// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package sentinel_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The template outputs what the exporter needs.
func TestOutputs(t *testing.T) {
	tpl := readTemplate(t)
	for _, name := range []string{"endpoint", "ruleId", "streamName"} {
		assert.Contains(t, tpl.Outputs, name)
	}
	page := readFile(t, "../../docs/sentinel.md")
	for name := range tpl.Outputs {
		assert.Contains(t, page, "`"+name+"`", "docs/sentinel.md says what the output is for")
	}
	for name := range tpl.Parameters {
		assert.Contains(t, page, "`"+name+"`", "docs/sentinel.md says what the parameter is for")
	}
}

// The queries in the documentation name columns that exist.
func TestDocumentation(t *testing.T) {
	columns := append(names(collectorColumns(t)), parserColumns...)
	columns = append(columns, "ASimDnsOversight", "DCRLogErrors", "OperationName", "Message")
	old := regexp.MustCompile(`\b([A-Z]\w*)_[sdtg]\b`) // of the Data Collector API
	for page, queries := range map[string]int{"sentinel.md": 16, "azure-monitor.md": 1, "migrating.md": 1} {
		blocks := regexp.MustCompile("(?s)\n *```kusto\n(.*?)\n *```\n").FindAllStringSubmatch(readFile(t, "../../docs/"+page), -1)
		require.Len(t, blocks, queries, page)
		for _, block := range blocks {
			text := strings.ReplaceAll(block[1], "OldOversight_CL", "Oversight_CL")
			for _, match := range old.FindAllStringSubmatch(text, -1) {
				assert.Contains(t, columns, match[1], match[0])
			}
			require.NoError(t, parse(t, old.ReplaceAllString(text, "$1")).check(columns), text)
		}
	}
}
