// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const viewsDir = "oversight/default/data/ui/views"

// A dashboard is what these tests read of a definition of Dashboard Studio.
type dashboard struct {
	Title  string
	Inputs map[string]struct {
		Options struct{ Token string }
	}
	DataSources    map[string]dataSource
	Visualizations map[string]visualization
	Layout         struct {
		Type         string
		GlobalInputs []string
		Structure    []block
	}
}

type dataSource struct {
	Type    string
	Options struct {
		Query, Extend, Refresh string
		QueryParameters        struct{ Earliest, Latest string }
	}
}

type visualization struct {
	Type        string
	DataSources map[string]string
	Options     struct{ Markdown string }
	Handlers    []struct {
		Options struct{ URL string }
	} `json:"eventHandlers"`
}

type block struct {
	Item     string
	Position struct{ X, Y, W, H int }
}

// dashboardTexts returns the JSON of each view, by the view's name.
func dashboardTexts(t *testing.T) map[string]string {
	files, err := filepath.Glob(viewsDir + "/*.xml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var view struct {
			Version    string `xml:"version,attr"`
			Label      string `xml:"label"`
			Definition string `xml:"definition"`
		}
		require.NoError(t, xml.Unmarshal(text, &view), file)
		assert.Equal(t, "2", view.Version, "%s: Dashboard Studio", file)
		assert.NotEmpty(t, view.Label, file)
		texts[strings.TrimSuffix(filepath.Base(file), ".xml")] = view.Definition
	}
	return texts
}

func parseDashboard(t *testing.T, text string) dashboard {
	var d dashboard
	require.NoError(t, json.Unmarshal([]byte(text), &d))
	return d
}
