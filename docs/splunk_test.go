// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

const splunkApp = "../content/splunk/oversight/default/"

func readText(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// stanzas returns the names of the stanzas of a configuration file of the app, without the
// number of a macro's arguments.
func stanzas(t *testing.T, file string) map[string]bool {
	names := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^\[([^]]+?)(?:\(\d\))?\]$`).FindAllStringSubmatch(readText(t, splunkApp+file), -1) {
		names[match[1]] = true
	}
	require.NotEmpty(t, names, file)
	return names
}

// The table of detections has each of them, with its severity, in the order of
// content/detections.yaml; what a user can set is a macro or a lookup of the app.
func TestSplunkDetections(t *testing.T) {
	page := readText(t, "splunk.md")
	list, err := detections.Load("../content")
	require.NoError(t, err)
	var want, got []string
	for _, d := range list {
		want = append(want, d.Name()+" "+d.Severity)
	}
	settings := stanzas(t, "macros.conf")
	maps.Copy(settings, stanzas(t, "transforms.conf"))
	for _, row := range regexp.MustCompile(`(?m)^\| (Oversight - .+?) \| (\w+) \|(.*)\|$`).FindAllStringSubmatch(page, -1) {
		got = append(got, row[1]+" "+row[2])
		for _, name := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[3], -1) {
			assert.Contains(t, settings, name[1], row[1])
		}
	}
	assert.Equal(t, want, got)
}

// The table of reports has each report of the app, and every search that the page names
// exists.
func TestSplunkSearchesExist(t *testing.T) {
	page := strings.Join(strings.Fields(readText(t, "splunk.md")), " ")
	searches := stanzas(t, "savedsearches.conf")
	var reports, listed []string
	for name := range searches {
		if strings.HasPrefix(name, "Oversight report - ") {
			reports = append(reports, name)
		}
	}
	for _, match := range regexp.MustCompile(`\| (Oversight report - .+?) \|`).FindAllStringSubmatch(page, -1) {
		listed = append(listed, match[1])
	}
	assert.ElementsMatch(t, reports, listed)
	for _, match := range regexp.MustCompile(`\*(Oversight (?:report )?- .+?)\*`).FindAllStringSubmatch(page, -1) {
		assert.Contains(t, searches, match[1])
	}
}

// Searches use the app's macros, so that the index stands in one place, and those exist.
func TestSplunkSearchesUseMacros(t *testing.T) {
	page := readText(t, "splunk.md")
	macros := stanzas(t, "macros.conf")
	searches := regexp.MustCompile("(?ms)^ *```spl\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, searches)
	for _, match := range searches {
		assert.NotRegexp(t, `\bindex=`, match[1])
	}
	used := regexp.MustCompile("`(?:` ?)?(oversight\\w*)[`( ]").FindAllStringSubmatch(page, -1)
	known := slices.Collect(maps.Keys(macros))
	known = append(known, slices.Collect(maps.Keys(stanzas(t, "transforms.conf")))...)
	known = append(known, "oversight_siem") // a processor of the collector
	for _, match := range used {
		assert.Contains(t, known, match[1])
	}
	assert.Greater(t, len(used), 20)
}

// The app's configuration is not copied into the page, where it would become another one:
// what stands there is only what the app does not have, inputs.conf.
func TestSplunkHasNoCopyOfTheApp(t *testing.T) {
	page := readText(t, "splunk.md")
	blocks := regexp.MustCompile("(?ms)^```ini\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		assert.Contains(t, block[1], "# inputs.conf")
		for _, stanza := range regexp.MustCompile(`(?m)^\[.*\]`).FindAllString(block[1], -1) {
			assert.True(t, strings.HasPrefix(stanza, "[monitor://"), stanza)
		}
	}
}

// What users add lines to is a file of their own: an upgrade of the app replaces those of the app.
func TestSplunkLookupsSurviveAnUpgrade(t *testing.T) {
	page := readText(t, "splunk.md")
	added := regexp.MustCompile(`outputlookup append=true (\w+)`).FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, added)
	for _, match := range added {
		own := regexp.MustCompile(`\| inputlookup ` + match[1] + ` \| outputlookup (\w+\.csv)`).FindStringSubmatch(page)
		require.NotNil(t, own, match[1])
		assert.NoFileExists(t, filepath.Join(splunkApp, "../lookups", own[1]))
		assert.FileExists(t, filepath.Join(splunkApp, "../lookups", match[1]+".csv"))
	}
}
