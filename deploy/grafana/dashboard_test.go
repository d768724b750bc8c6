// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package grafana tests the dashboards in this directory.
package grafana

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboard is what the tests look at.
type dashboard struct {
	UID        string  `json:"uid"`
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct {
			Name  string `json:"name"`
			Query any    `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct {
		H, W, X, Y int
	} `json:"gridPos"`
	Datasource struct {
		UID string `json:"uid"`
	} `json:"datasource"`
	Targets []struct {
		Expr         string `json:"expr"`
		LegendFormat string `json:"legendFormat"`
	} `json:"targets"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile("collector.json")
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	require.NotEmpty(t, d.Panels)
	return d
}

// everyJob are the labels that Prometheus adds.
var everyJob = []string{"job", "instance"}

// withoutAttributes are modules of the Collector whose documentation names metrics
// and not their attributes.
var withoutAttributes = []string{"go.opentelemetry.io/collector/service"}

// documentedMetrics returns the metrics of documentation.md of every component, with
// their labels.
func documentedMetrics(t *testing.T) map[string][]string {
	t.Helper()
	var pages []string
	for _, directory := range []string{"connector", "exporter", "extension", "processor", "receiver"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", "..", directory), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Name() == "documentation.md" {
				pages = append(pages, path)
			}
			return err
		}))
	}
	list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-m", "-f", "{{.Dir}}"}, withoutAttributes...)...)
	list.Dir = filepath.Join("..", "..", "cmd", "otelcol-oversight")
	output, err := list.Output()
	require.NoError(t, err)
	for module := range strings.Lines(string(output)) {
		pages = append(pages, filepath.Join(strings.TrimSpace(module), "documentation.md"))
	}

	metrics := map[string][]string{}
	attribute := regexp.MustCompile(`(?m)^\| ([a-z_]+) \| [^|]+ \| [^|]+ \| [^|]+ \|$`)
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, section := range strings.Split(string(text), "\n### ")[1:] {
			name, rest, _ := strings.Cut(section, "\n")
			labels := slices.Clone(everyJob)
			if strings.Contains(rest, "| Histogram |") {
				name += "_bucket"
				labels = append(labels, "le")
			}
			_, table, _ := strings.Cut(rest, "#### Attributes")
			for _, match := range attribute.FindAllStringSubmatch(table, -1) {
				labels = append(labels, match[1])
			}
			metrics[name] = labels
		}
	}
	return metrics
}

var (
	metricName = regexp.MustCompile(`otelcol_\w+`)
	selector   = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`)
	grouping   = regexp.MustCompile(`by \(([^)]*)\)`)
	legend     = regexp.MustCompile(`{{(\w+)}}`)
	variable   = regexp.MustCompile(`\$\{?([a-z]\w*)`)
)

// labelsOf returns the labels that a query or its legend names.
func labelsOf(expr, legendFormat string) []string {
	var labels []string
	for _, match := range selector.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, match[1])
	}
	for _, match := range grouping.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(match[1], ",") {
			labels = append(labels, strings.TrimSpace(label))
		}
	}
	for _, match := range legend.FindAllStringSubmatch(legendFormat, -1) {
		labels = append(labels, match[1])
	}
	return labels
}

// Every query names a metric that a component documents, and labels that it has.
func TestQueriesNameDocumentedMetrics(t *testing.T) {
	documented := documentedMetrics(t)
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			names := metricName.FindAllString(target.Expr, -1)
			require.Len(t, names, 1, "%s: a query of this dashboard has one metric", p.Title)
			labels, ok := documented[names[0]]
			if assert.True(t, ok, "%s: no component documents %s", p.Title, names[0]) {
				assert.Subset(t, labels, labelsOf(target.Expr, target.LegendFormat), "%s: %s", p.Title, target.Expr)
			}
		}
	}
}

// A legend names labels that its query keeps.
func TestLegendsNameKeptLabels(t *testing.T) {
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			kept := everyJob
			if strings.Contains(target.Expr, "sum") || strings.Contains(target.Expr, "max") || strings.Contains(target.Expr, "min") {
				kept = nil
				for _, match := range grouping.FindAllStringSubmatch(target.Expr, -1) {
					kept = append(kept, strings.Split(match[1], ",")...)
				}
			}
			for _, match := range legend.FindAllStringSubmatch(target.LegendFormat, -1) {
				assert.Contains(t, kept, match[1], "%s: %s", p.Title, target.Expr)
			}
		}
	}
}

// Variables exist, and their queries name metrics that exist.
func TestVariables(t *testing.T) {
	d := readDashboard(t)
	documented := documentedMetrics(t)
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		if query, ok := v.Query.(map[string]any); ok {
			assert.Contains(t, documented, metricName.FindString(query["query"].(string)), v.Name)
		}
	}
	for _, p := range d.Panels {
		text := p.Datasource.UID
		for _, target := range p.Targets {
			text += " " + target.Expr
		}
		for _, match := range variable.FindAllStringSubmatch(text, -1) {
			assert.Contains(t, names, match[1], p.Title)
		}
	}
}

// Panels have ids of their own, explain themselves, and do not cover each other.
func TestPanels(t *testing.T) {
	d := readDashboard(t)
	assert.Equal(t, "oversight-collector", d.UID)
	ids := map[int]bool{}
	cells := map[[2]int]string{}
	for _, p := range d.Panels {
		assert.False(t, ids[p.ID], "two panels have the id %d", p.ID)
		ids[p.ID] = true
		if p.Type != "row" {
			assert.NotEmpty(t, p.Description, p.Title)
			assert.NotEmpty(t, p.Targets, p.Title)
			assert.Equal(t, "${datasource}", p.Datasource.UID, p.Title)
		}
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				assert.Empty(t, cells[cell], "%s covers another panel", p.Title)
				cells[cell] = p.Title
			}
		}
	}
}

// Panels name every alert of deploy/alerts/rules.yml, and no other.
func TestPanelsNameAlerts(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join("..", "alerts", "rules.yml"))
	require.NoError(t, err)
	var alerts, named []string
	for _, match := range regexp.MustCompile(`- alert: (\w+)\n`).FindAllStringSubmatch(string(rules), -1) {
		alerts = append(alerts, match[1])
	}
	require.NotEmpty(t, alerts)
	for _, p := range readDashboard(t).Panels {
		named = append(named, regexp.MustCompile(`\bOversight[A-Z]\w+`).FindAllString(p.Description, -1)...)
	}
	assert.ElementsMatch(t, alerts, slices.Compact(slices.Sorted(slices.Values(named))))
}
