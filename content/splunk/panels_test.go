// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// panels is testdata/panels.yaml.
type panels struct {
	detections.Sample `yaml:",inline"`
	// Inputs are what a viewer typed.
	Inputs map[string]string `yaml:"inputs"`
	// Panels are the rows by view and data source.
	Panels map[string]map[string][]map[string]string `yaml:"panels"`
}

// query returns the whole search of a data source, with the search that it extends and
// with the values of the inputs.
func (d dashboard) query(id string, inputs map[string]string) string {
	source := d.DataSources[id]
	query := source.Options.Query
	if source.Type == "ds.chain" {
		query = d.DataSources[source.Options.Extend].Options.Query + " " + query
	}
	for token, value := range inputs {
		query = strings.ReplaceAll(query, "$"+token+"|s$", `"`+value+`"`)
	}
	return query
}

// Every panel that is not a timechart shows the numbers that it says.
func TestPanelsShowWhatTheySay(t *testing.T) {
	text, err := os.ReadFile("testdata/panels.yaml")
	require.NoError(t, err)
	var want panels
	require.NoError(t, yaml.Unmarshal(text, &want))
	a := load(t)
	events := rows(t, a, &want.Sample)
	for view, text := range dashboardTexts(t) {
		d := parseDashboard(t, text)
		for id := range d.DataSources {
			query := d.query(id, want.Inputs)
			expected, listed := want.Panels[view][id]
			if strings.Contains(query, "| timechart ") {
				assert.False(t, listed, "%s, %s is drawn", view, id)
				continue
			}
			require.True(t, listed, "%s, %s is not in testdata/panels.yaml", view, id)
			expanded, err := a.Expand(query)
			require.NoError(t, err, "%s, %s", view, id)
			search, err := spl.Parse(expanded)
			require.NoError(t, err, "%s, %s", view, id)
			got, err := search.Run(a.Environment(now, events, loadPlaces(t)))
			require.NoError(t, err, "%s, %s", view, id)
			require.Len(t, got, len(expected), "%s, %s: %v", view, id, got)
			for i, row := range expected {
				for name, value := range row {
					assert.Equal(t, value, fmt.Sprint(got[i][name]), "%s, %s, row %d, %s", view, id, i, name)
				}
			}
		}
	}
}
