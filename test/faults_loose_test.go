// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Tables that imports and other writers made: what has an id arrives, what has none is
// told, and an event has nothing that a reader downstream fails on.
func TestFaultLooselyTypedTables(t *testing.T) {
	for name, test := range map[string]struct {
		rows   int    // that arrive
		logged string // if something is told
		check  func(t *testing.T, lines string)
	}{
		"columns-missing": {rows: 1, logged: "no column qualified_timestamp, tlog_index"},
		"id-null":         {rows: 1, logged: "has the id NULL, which is not a positive integer"},
		"extra-nan": {rows: 2, check: func(t *testing.T, lines string) {
			assert.Contains(t, lines, `"extra":{"a":"NaN"}`)
			assert.Contains(t, lines, ":1,", "both keys of lone surrogates stay")
			assert.Contains(t, lines, `(2)":2`)
		}},
		"extra-bracket-key": {rows: 1, check: func(t *testing.T, lines string) {
			assert.NotContains(t, lines, `"a[b]":`, "a Logstash reader fails on such a key")
		}},
		"source-ip-forms": {rows: 5},
		"preview-kind": {rows: 1, check: func(t *testing.T, lines string) {
			for _, character := range []string{"\x1b", "\u202e", "\u2028"} {
				assert.NotContains(t, lines, character)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := filepath.Join(t.TempDir(), "registry.sqlite")
			copyFile(t, filepath.Join("..", "testdata", "loose", name+".sqlite"), database)
			s := newFaultSite(t, database)
			collector := s.run(nil, "files.yaml")
			for _, shape := range []string{"splunk", "ecs", "sentinel"} {
				requireArrived(t, ndjson{t, filepath.Join(s.dir, "state"), shape}, test.rows)
			}
			if test.logged != "" {
				collector.requireLogged(test.logged)
			}
			if test.check != nil {
				lines, err := os.ReadFile(filepath.Join(s.dir, "state", "ecs.ndjson"))
				require.NoError(t, err)
				test.check(t, string(lines))
			}
			assert.LessOrEqual(t, strings.Count(collector.Output.String(), "The database is unusual"), 2*3, "a line for each kind and receiver")
			collector.interrupt()
		})
	}
}
