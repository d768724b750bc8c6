// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDashboards(t *testing.T) {
	for name, text := range dashboardTexts(t) {
		d := parseDashboard(t, text)
		assert.Empty(t, d.layoutProblems(), name)
		assert.Empty(t, d.searchProblems(), name)
		assert.Empty(t, d.textProblems(), name)
	}
}

var (
	tokenInSearch = regexp.MustCompile(`\$([\w.:]+)(\|\w)?\$`)
	isBounded     = regexp.MustCompile(`\| (?:stats|timechart|sort [1-9])`)
)

// searchProblems are searches that would cost too much, that read something else than the
// app's macros, or into which a user or a stranger could write a search; and data sources
// that are not there, or not shown.
func (d dashboard) searchProblems() (problems []string) {
	used := map[string]bool{}
	for id, v := range d.Visualizations {
		for _, source := range v.DataSources {
			used[source] = true
			if _, exists := d.DataSources[source]; !exists {
				problems = append(problems, fmt.Sprintf("%s shows %s, which does not exist", id, source))
			}
		}
	}
	for _, source := range d.DataSources {
		used[source.Options.Extend] = true
	}
	for _, id := range slices.Sorted(maps.Keys(d.DataSources)) {
		for _, problem := range slices.Concat(d.sourceProblems(d.DataSources[id]), d.tokenProblems(d.DataSources[id])) {
			problems = append(problems, id+" "+problem)
		}
		if !used[id] {
			problems = append(problems, id+" is not shown")
		}
	}
	return problems
}

func (d dashboard) sourceProblems(source dataSource) (problems []string) {
	query := source.Options.Query
	switch source.Type {
	case "ds.search":
		if !strings.HasPrefix(query, "`oversight") {
			problems = append(problems, "does not begin with a macro of the app")
		}
		if !isBounded.MatchString(query) {
			problems = append(problems, "returns as many results as there are events")
		}
	case "ds.chain":
		if base := d.DataSources[source.Options.Extend]; base.Type != "ds.search" || !strings.HasPrefix(query, "| ") {
			problems = append(problems, "extends no search")
		}
	default:
		problems = append(problems, "is a "+source.Type)
	}
	for _, word := range []string{"index=", "sourcetype", "join ", "append", "transaction ", "map ", "rt-"} {
		if strings.Contains(query, word) {
			problems = append(problems, "has "+word)
		}
	}
	if refresh := source.Options.Refresh; refresh != "" {
		if every, err := time.ParseDuration(refresh); err != nil || every < 5*time.Minute {
			problems = append(problems, "is searched again every "+refresh)
		}
	}
	return problems
}

func (d dashboard) tokenProblems(source dataSource) (problems []string) {
	tokens := map[string]bool{}
	for _, input := range d.Inputs {
		tokens[input.Options.Token] = true
	}
	for _, match := range tokenInSearch.FindAllStringSubmatch(source.Options.Query, -1) {
		if !tokens[match[1]] || match[2] != "|s" {
			problems = append(problems, fmt.Sprintf("uses %s: only an input's value, quoted by |s", match[0]))
		}
	}
	return problems
}

// textProblems are dashboards that do not say what an empty panel means.
func (d dashboard) textProblems() (problems []string) {
	for _, v := range d.Visualizations {
		if strings.Contains(v.Options.Markdown, "empty**") || strings.Contains(v.Options.Markdown, "is 0**") || strings.Contains(v.Options.Markdown, "No receiver at all**") {
			return nil
		}
	}
	return []string{"no panel says what an empty panel means"}
}

// The checks above find each kind of mistake.
func TestDashboardProblems(t *testing.T) {
	valid := dashboardTexts(t)["oversight_document"]
	for _, test := range []struct{ old, new, message string }{
		{`"y": 110,`, `"y": 100,`, "free is from x 0, y 110"},
		{`"w": 640,`, `"w": 600,`, "free is from x 600, y 110"},
		{`"w": 560,`, `"w": 580,`, "viz_copies is at"},
		{"\"query\": \"`oversight`", `"query": "index=leaks`, "ds_totals does not begin with a macro of the app"},
		{"| sort 200 - _time", "| sort 0 - _time", "ds_events returns as many results as there are events"},
		{`"extend": "ds_totals"`, `"extend": "ds_total"`, "extends no search"},
		{"| stats count", "| join file_id [search x] | stats count", "ds_totals has join"},
		{"$document|s$", "$document$", "ds_totals uses $document$"},
		{"$document|s$", "$documents|s$", "ds_totals uses $documents|s$"},
		{`"primary": "ds_copies"`, `"primary": "ds_events"`, "ds_copies is not shown"},
		{`"primary": "ds_copies"`, `"primary": "ds_copy"`, "viz_copies shows ds_copy, which does not exist"},
		{`"query": "| fields calls"`, `"refresh": "1m", "query": "| fields calls"`, "ds_calls is searched again every 1m"},
		{"empty**", "blank**", "no panel says what an empty panel means"},
	} {
		require.Contains(t, valid, test.old)
		n := 1
		if test.old == "empty**" {
			n = -1
		}
		d := parseDashboard(t, strings.Replace(valid, test.old, test.new, n))
		problems := slices.Concat(d.layoutProblems(), d.searchProblems(), d.textProblems())
		assert.Contains(t, strings.Join(problems, "\n"), test.message, test.new)
	}
}

// The app's menu has every dashboard, and opens with the overview.
func TestNavigation(t *testing.T) {
	text, err := os.ReadFile("oversight/default/data/ui/nav/default.xml")
	require.NoError(t, err)
	var menu struct {
		Views []struct {
			Name    string `xml:"name,attr"`
			Default bool   `xml:"default,attr"`
		} `xml:"view"`
	}
	require.NoError(t, xml.Unmarshal(text, &menu))
	// Splunk's own views.
	names := []string{"search", "reports", "alerts"}
	for name := range dashboardTexts(t) {
		names = append(names, name)
	}
	var inMenu, first []string
	for _, view := range menu.Views {
		inMenu = append(inMenu, view.Name)
		if view.Default {
			first = append(first, view.Name)
		}
	}
	assert.ElementsMatch(t, names, inMenu)
	assert.Equal(t, []string{"oversight_overview"}, first)
}

// A panel leads to a dashboard of the app, and to inputs that it has. Values of a row are
// encoded for the address.
func TestDashboardLinks(t *testing.T) {
	texts := dashboardTexts(t)
	link := regexp.MustCompile(`^/app/oversight/(\w+)(?:\?form\.(\w+)=\$row\.\w+\.value\|u\$)?$`)
	links := 0
	for name, text := range texts {
		for id, v := range parseDashboard(t, text).Visualizations {
			for _, handler := range v.Handlers {
				links++
				match := link.FindStringSubmatch(handler.Options.URL)
				require.NotNil(t, match, "%s, %s: %s", name, id, handler.Options.URL)
				require.Contains(t, texts, match[1], "%s, %s", name, id)
				if match[2] != "" {
					assert.Contains(t, texts[match[1]], `"token": "`+match[2]+`"`, "%s, %s", name, id)
				}
			}
		}
	}
	assert.Positive(t, links)
}
