// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
)

// shape is the fields of a sourcetype: those of the event and those that are indexed.
type shape struct{ event, indexed map[string]bool }

// shapes are those of all sourcetypes, from docs/fields.md, which a test of docs holds to the code.
type shapes map[string]shape

// sections of docs/fields.md, and their sourcetypes.
var sections = map[string]string{
	"## Events": "oversight:beacon", "## Integrity findings": "oversight:integrity", "## Checkpoint records": "oversight:checkpoint",
}

var fieldOfShape = regexp.MustCompile("`(event|fields)\\.([A-Za-z0-9_.]+)`( list)?")

func loadShapes(t *testing.T) shapes {
	t.Helper()
	text, err := os.ReadFile("../../docs/fields.md")
	require.NoError(t, err)
	all, section, column := shapes{}, "", 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "## ") {
			section, column = sections[line], 0
		}
		cells := strings.Split(line, " | ")
		if i := slices.Index(cells, "Splunk HEC"); i > 0 {
			column = i
		}
		if section == "" || column == 0 || len(cells) <= column {
			continue
		}
		s, ok := all[section]
		if !ok {
			s = shape{map[string]bool{}, map[string]bool{}}
			all[section] = s
		}
		for _, found := range fieldOfShape.FindAllStringSubmatch(cells[column], -1) {
			name := found[2]
			if found[3] != "" {
				name += "{}"
			}
			map[string]shape{"event": {event: s.event}, "fields": {event: s.indexed}}[found[1]].event[name] = true
		}
	}
	require.Len(t, all, len(sections))
	require.True(t, all["oversight:beacon"].event["tlog_mismatch{}"])
	require.True(t, all["oversight:beacon"].indexed["geo.location.lat"])
	return all
}

// everywhere are fields that every event has in Splunk.
var everywhere = []string{"_time", "_indextime", "_raw", "host", "source", "sourcetype", "index", "eventtype", "tag", "linecount", "splunk_server"}

// has returns whether events of one of the sourcetypes have a field, in Splunk: from the shape, from
// props.conf, or from Splunk itself. Without a sourcetype it is asked of all.
func (all shapes) has(a *app.App, sourcetypes []string) func(field string) bool {
	return func(field string) bool {
		if slices.Contains(everywhere, field) {
			return true
		}
		for sourcetype, s := range all {
			if len(sourcetypes) > 0 && !slices.Contains(sourcetypes, sourcetype) {
				continue
			}
			if name, indexed := strings.CutPrefix(field, spl.IndexedOnly); indexed {
				if s.indexed[name] {
					return true
				}
				continue
			}
			stanza := a.Props.Stanza(sourcetype)
			if s.event[field] || s.indexed[field] || (s.event["extra"] && strings.HasPrefix(field, "extra.")) ||
				(stanza != nil && stanza.Get("EVAL-"+field) != "") {
				return true
			}
		}
		return false
	}
}
