// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The output is that of the reference exporter, in the same order.
func TestExportEqualsReference(t *testing.T) {
	for _, database := range []string{"edge", "registry"} {
		for _, format := range formats {
			t.Run(database+" "+format, func(t *testing.T) {
				want := vector(t, database, format)
				r := run(t, exporting(database, format)...)
				assertOK(t, r, len(want), format)
				got := lines(t, r.stdout)
				require.Len(t, got, len(want))
				for i := range want {
					assert.Equal(t, object(t, want[i]), object(t, got[i]))
				}
			})
		}
	}
}

// --extended adds fields and changes none.
func TestExtendedIsASuperset(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			want := vector(t, "registry", format)
			got := lines(t, run(t, exporting("registry", format, "--extended")...).stdout)
			require.Len(t, got, len(want))
			for i := range want {
				small, large := object(t, want[i]), object(t, got[i])
				assert.NotEqual(t, small, large)
				assert.Equal(t, small, common(small, large))
			}
		})
	}
}

// common is large without the keys that small does not have.
func common(small, large map[string]any) map[string]any {
	both := maps.Clone(large)
	maps.DeleteFunc(both, func(name string, _ any) bool { _, there := small[name]; return !there })
	for name, value := range small {
		if inner, ok := value.(map[string]any); ok {
			if other, ok := large[name].(map[string]any); ok {
				both[name] = common(inner, other)
			}
		}
	}
	return both
}

func TestSplunkMetadata(t *testing.T) {
	r := run(t, exporting("edge", "splunk", "--limit", "1", "--splunk-source", "a", "--splunk-sourcetype", "b", "--splunk-index", "c", "--splunk-host", "d")...)
	assertOK(t, r, 1, "splunk")
	event := object(t, r.stdout)
	assert.Equal(t, []any{"a", "b", "c", "d"}, []any{event["source"], event["sourcetype"], event["index"], event["host"]})
}

func TestSelection(t *testing.T) {
	all := ids(t, vector(t, "edge", "sentinel"))
	assert.Equal(t, []string{"12", "14", "15", "1", "2", "3"}, all[:6], "in the order of timestamps")
	for name, c := range map[string]struct {
		arguments []string
		want      []string
	}{
		"limit":             {[]string{"--limit", "3"}, []string{"12", "14", "15"}},
		"since":             {[]string{"--since", "1735000009"}, []string{"10", "11", "13"}},
		"since and until":   {[]string{"--since", "2024-12-24T00:26:40Z", "--until", "2024-12-24T01:26:42+01:00"}, []string{"1", "2"}},
		"until":             {[]string{"--until", "1735000000"}, []string{"14", "15"}},
		"after":             {[]string{"--after-id", "12"}, []string{"14", "15", "13"}},
		"everything usable": {[]string{"--since", "1"}, all[1:]},
		"nothing":           {[]string{"--after-id", "15"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, exporting("edge", "sentinel", c.arguments...)...)
			assertOK(t, r, len(c.want), "sentinel")
			assert.Equal(t, c.want, ids(t, lines(t, r.stdout)))
		})
	}
}

func TestPreview(t *testing.T) {
	database := testdata + "/registry.sqlite"
	r := run(t, "preview", "--db", database, "--registry-id", registryID, "--limit", "2")
	assert.Zero(t, r.code)
	assert.Empty(t, r.stderr)
	for _, format := range formats {
		for _, document := range vector(t, "registry", format)[:2] {
			assert.True(t, slices.ContainsFunc(shown(r.stdout), func(text string) bool {
				return assert.ObjectsAreEqual(object(t, document), object(t, text))
			}), "%s in %s", document, r.stdout)
		}
	}
	assert.Contains(t, r.stdout, "\n  \"", "indented")
	assert.Len(t, shown(r.stdout), 6)
	assert.Len(t, shown(run(t, "preview", "--db", database, "--registry-id", registryID).stdout), 9, "three events without --limit")

	none := run(t, "preview", "--db", database, "--registry-id", registryID, "--after-id", "10000")
	assert.Equal(t, result{stdout: "No events match.\n"}, none)
}

// shown returns the documents of a preview.
func shown(text string) (documents []string) {
	var document []string
	for line := range strings.Lines(text) {
		if line == "{\n" {
			document = nil
		}
		document = append(document, line)
		if line == "}\n" {
			documents = append(documents, strings.Join(document, ""))
		}
	}
	return documents
}
