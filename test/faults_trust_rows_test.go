// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// honestCase is what happens to an honest registry, in two runs of the collector. Each is
// one that an earlier version accused.
type honestCase struct {
	name     string
	dialects []dialect.Dialect // default: the newer one
	before   func(s *trustScene)
	live     func(s *trustScene) // while the collector runs
	down     func(s *trustScene) // between its runs
	// gone is how many events were delivered that the database has no more.
	gone int
	// findings are the kinds of those that remain, which name an innocent cause; offline
	// are those of oversight-siem, each once. Both come beside that of the crash.
	findings, offline []string
	notOffline        string // why oversight-siem is not asked
}

const (
	rowsBefore = 120 // that are delivered first
	rowsAfter  = 60  // that are written after what happened
)

var publicDialects = []dialect.Dialect{dialect.PublicPython, dialect.PublicRust}

// The collector accuses no honest registry, in two runs over its storage.
func TestFaultHonestRegistryIsNotAccused(t *testing.T) {
	forHonestCases(t, honestCases, func(s *trustScene, c *honestCase) {
		s.innocent = append(s.innocent, c.findings...)
		c.run(s)
	})
}

// Nor does oversight-siem.
func TestFaultHonestFilesAreNotAccused(t *testing.T) {
	cases := slices.DeleteFunc(slices.Clone(honestCases), func(c honestCase) bool { return c.notOffline != "" })
	forHonestCases(t, cases, func(s *trustScene, c *honestCase) {
		s.offline = true
		c.run(s)
		kinds, output := s.verify(s.registry.head(s.registry.size(), s.registry.size()))
		assert.Equal(s.t, append([]string{"leaf_without_row"}, c.offline...), kinds, output)
	})
}

func forHonestCases(t *testing.T, cases []honestCase, test func(s *trustScene, c *honestCase)) {
	t.Helper()
	for _, c := range cases {
		if c.dialects == nil {
			c.dialects = []dialect.Dialect{dialect.Newer}
		}
		for _, d := range c.dialects {
			t.Run(c.name+"/"+d.String(), func(t *testing.T) {
				t.Parallel()
				test(newTrustScene(t, t.TempDir(), d), &c)
			})
		}
	}
}

func (c *honestCase) run(s *trustScene) {
	s.t.Helper()
	for _, happens := range []*func(s *trustScene){&c.before, &c.live, &c.down} {
		if *happens == nil {
			*happens = func(*trustScene) {}
		}
	}
	c.before(s)
	s.write(rowsBefore)
	s.run()
	s.waitForEvents(rowsBefore)
	c.live(s)
	s.stop()
	c.down(s)
	s.write(rowsAfter)
	s.run()
	s.waitForEvents(len(rowsOf(s.t, s.database)) + c.gone)
	s.crash(c.findings...)
}

var honestCases = []honestCase{
	{
		name:     "any form of JSON",
		dialects: []dialect.Dialect{dialect.PublicPython, dialect.PublicRust, dialect.Free},
	},
	{
		name: "a key in its lines that a newer version adds",
		before: func(s *trustScene) {
			s.registry.line = func(line []byte) []byte {
				return bytes.Replace(line, []byte("{"), []byte(`{"written_at": 1764079810, `), 1)
			}
		},
	},
	{
		name:     "300 KB of quotes from a stranger",
		dialects: []dialect.Dialect{dialect.PublicRust},
		live: func(s *trustScene) {
			const quotes = 300 << 10
			record := s.registry.generator.Next()
			for record.Row["kind"] == "dns" { // which has no user agent
				record = s.registry.generator.Next()
			}
			record.Row["user_agent"] = strings.Repeat(`"`, quotes)
			agent := regexp.MustCompile(`"user_agent":"([^"\\]|\\.)*"`)
			leaf := agent.ReplaceAllLiteral(record.Leaf, []byte(`"user_agent":"`+strings.Repeat(`\"`, quotes)+`"`))
			record.Row["tlog_index"] = s.registry.append(leaf)
			s.registry.insert(record.Row)
			s.waitForEvents(rowsBefore + 1)
		},
	},
	{
		name: "lines with far indexes that somebody appends",
		live: func(s *trustScene) {
			for _, index := range []int64{500_000, 1 << 40} {
				appendText(s.t, s.registry.leaves, s.registry.generator.Line(index, s.registry.generator.Register()))
			}
			s.registry.write(1000)
			s.waitForEvents(rowsBefore + 1000)
		},
		findings:   []string{"leaf_index_jumped", "leaf_index_jumped", "leaf_index_jumped"},
		notOffline: "the registry signs another log",
	},
	{
		name:       "the log is restored from a backup",
		dialects:   publicDialects,
		down:       func(s *trustScene) { s.registry.cutLog(0.5) },
		findings:   []string{"log_rewritten"},
		notOffline: "the rows whose leaves are gone are like forged ones",
	},
	{
		name:       "the log is begun anew",
		dialects:   []dialect.Dialect{dialect.PublicRust},
		down:       func(s *trustScene) { s.registry.cutLog(0) },
		findings:   []string{"log_rewritten"},
		notOffline: "the rows whose leaves are gone are like forged ones",
	},
	{
		name:       "the log is a copy that cp refreshes in place",
		notOffline: "nothing happens to the files",
		before: func(s *trustScene) {
			s.copy = filepath.Join(s.t.TempDir(), "leaves.jsonl")
			s.grace, s.keys = "3s", []string{"wait: 0s"}
			s.innocent = append(s.innocent, "unavailable")
		},
		live: func(s *trustScene) {
			for i := range 3 {
				late := s.registry.logged()
				s.write(1)
				s.waitForEvents(rowsBefore + 4*i + 1)
				rows := s.registry.log(2)
				text, err := os.ReadFile(s.registry.leaves)
				require.NoError(s.t, err)
				// cp empties the file, and writes it in pieces.
				require.NoError(s.t, os.WriteFile(s.copy, text[:len(text)/2], 0o600))
				s.registry.insert(late) // its leaf has been read
				s.waitForEvents(rowsBefore + 4*i + 2)
				appendText(s.t, s.copy, text[len(text)/2:])
				s.registry.insert(rows...)
				s.waitForEvents(rowsBefore + 4*i + 4)
			}
		},
	},
	{
		name:       "a signal while a leaf is waited for",
		notOffline: "nothing happens to the files",
		before: func(s *trustScene) {
			s.copy = filepath.Join(s.t.TempDir(), "leaves.jsonl")
			s.serveHeads()
			s.heads.set(func(int) []byte { return s.registry.head(rowsBefore, rowsBefore) })
			s.keys = append(s.keys, "wait: 1h")
		},
		live: func(s *trustScene) {
			s.registry.write(1)
			s.waitForHeads(2) // meanwhile, the row has been read
		},
		down: (*trustScene).refresh,
	},
	{
		name:     "a line that a kill tears",
		dialects: publicDialects,
		live: func(s *trustScene) {
			line := s.registry.generator.Line(s.registry.next, s.registry.generator.Next().Leaf)
			appendText(s.t, s.registry.leaves, line[:len(line)/2])
			s.registry.restart() // which does not remove it
			s.registry.write(5)
			s.waitForEvents(rowsBefore + 5)
		},
	},
	{
		name:     "database and log are restored from one backup",
		dialects: []dialect.Dialect{dialect.PublicRust},
		live: func(s *trustScene) {
			putBack := s.registry.keepDatabase()
			backup, err := os.ReadFile(s.registry.leaves)
			require.NoError(s.t, err)
			s.registry.write(40)
			s.waitForEvents(rowsBefore + 41)
			s.stop()
			require.NoError(s.t, os.WriteFile(s.registry.leaves, backup, 0o600))
			putBack()
		},
		gone:     40,
		findings: []string{"log_rewritten", "rows_rolled_back"},
	},
	{
		name:     "power failure",
		dialects: publicDialects,
		live:     func(s *trustScene) { s.failPower(40) },
		gone:     40,
		findings: []string{"rows_rolled_back"},
	},
	{
		name:     "power failure that takes more rows than come later",
		dialects: publicDialects,
		live:     func(s *trustScene) { s.failPower(rowsAfter + 40) },
		gone:     rowsAfter + 40,
		findings: []string{"rows_rolled_back"},
	},
	fullDisk("full disk", dialect.PublicPython, ""),
	fullDisk("full disk", dialect.PublicRust, ""),
	fullDisk("full disk that tears a line", dialect.PublicPython, `{"index": 134, "leaf_hash": "c0ffee`),
	fullDisk("full disk that tears a line", dialect.PublicRust, `{"index":134,"leaf_hash":"c0ffee`),
}

func fullDisk(name string, d dialect.Dialect, torn string) honestCase {
	c := honestCase{
		name: name, dialects: []dialect.Dialect{d}, before: (*trustScene).serveHeads,
		live:     func(s *trustScene) { s.fillDisk(torn) },
		findings: []string{"leaf_index_jumped", "leaf_index_jumped", "head_not_compared"},
	}
	if d == dialect.PublicRust { // the registry in Python writes no rows
		c.findings = append(c.findings, "row_unlogged")
		c.offline = []string{"row_unlogged"}
	}
	return c
}

// failPower delivers a thousand rows, of which a power failure takes the last ones back.
func (s *trustScene) failPower(gone int) {
	s.t.Helper()
	s.registry.write(999 - rowsBefore - gone)
	putBack := s.registry.keepDatabase() // with another row
	s.registry.write(gone)
	s.waitForEvents(1000)
	s.stop()
	putBack()
}

// fillDisk is a full disk, and a restart of the registry after it. The disk may take a part
// of the first line.
func (s *trustScene) fillDisk(torn string) {
	s.t.Helper()
	var unlogged []dialect.Row
	for range 16 {
		record := s.registry.generator.Next()
		s.registry.remember(record.Leaf)
		record.Row["tlog_index"] = -1
		unlogged = append(unlogged, record.Row)
	}
	appendText(s.t, s.registry.leaves, []byte(torn))
	if s.registry.dialect == dialect.PublicRust {
		s.registry.insert(unlogged...)
	}
	s.registry.write(9) // their indexes are ahead of their lines
	s.innocent = append(s.innocent, "missing")
	s.waitForEvents(len(rowsOf(s.t, s.database)))
	s.waitForKind("head_not_compared")
	s.stop()
	s.registry.restart()
	s.registry.write(30) // the indexes are used again
	s.run()
	s.waitForEvents(len(rowsOf(s.t, s.database)))
}
