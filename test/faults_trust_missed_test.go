// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manipulation is what somebody does to a registry's files while the collector is not
// running: before its first start, and then in stages, each after the collector has
// delivered what there was.
type manipulation struct {
	heads  bool // the collector gets signed heads
	unread func(s *logSite)
	stages []func(s *logSite)
	found  []string
}

// manipulations are of a registry with 300 events. The leaf of row 301 is 325, since the
// first 25 leaves are of documents.
var manipulations = map[string]manipulation{
	"row and leaf are forged after a line was destroyed": {
		heads: true,
		stages: []func(*logSite){
			func(s *logSite) { s.editLines(destroyLine(40)); s.write(10) },
			func(s *logSite) { s.write(10); s.forge(315) },
		},
		found: []string{"leaf_corrupt leaf 40", "head_inconsistent"},
	},
	// Nothing knows the hash of that leaf. That heads cannot be compared is said.
	"row and leaf are forged after a line was destroyed unread": {
		heads:  true,
		unread: func(s *logSite) { s.editLines(destroyLine(40)) },
		stages: []func(*logSite){func(s *logSite) { s.write(10); s.forge(305) }},
		found:  []string{"leaf_corrupt leaf 40", "head_not_compared"},
	},
	"row and leaf are forged after two lines were swapped": {
		heads: true,
		stages: []func(*logSite){
			func(s *logSite) { s.editLines(swapLines(40)); s.write(10) },
			func(s *logSite) { s.write(10); s.forge(315) },
		},
		found: []string{"head_inconsistent"},
	},
	"row and leaf are forged after two lines were swapped unread": {
		heads:  true,
		unread: func(s *logSite) { s.editLines(swapLines(40)) },
		stages: []func(*logSite){func(s *logSite) { s.write(10); s.forge(305) }},
		found:  []string{"leaf_index_jumped leaf 40", "leaf_index_jumped leaf 41", "leaf_index_jumped leaf 42", "head_inconsistent"},
	},
	"forged row names the next leaf while the log is away": {
		stages: []func(*logSite){
			func(s *logSite) {
				require.NoError(s.t, os.Rename(s.leaves, s.leaves+".away"))
				s.sql("INSERT INTO events (token_id, kind, timestamp, tlog_index) VALUES ('forged', 'dns', 1767225600, 325)")
			},
			func(s *logSite) {
				require.NoError(s.t, os.Rename(s.leaves+".away", s.leaves))
				s.write(2)
				s.sql("DELETE FROM events WHERE id = 302")
			},
		},
		found: []string{"row_mismatch row 301 kind token_id source_ip user_agent qualified_timestamp timestamp", "leaf_without_row leaf 325"},
	},
	"log is restored from a backup and a new row is deleted": {
		stages: []func(*logSite){func(s *logSite) {
			s.restoreLog(315) // the leaves up to row 290
			s.write(6)
			s.sql("DELETE FROM events WHERE id = 304")
		}},
		found: []string{"log_rewritten", "leaf_without_row leaf 318"},
	},
	"log begins at the next index in a new file": {
		stages: []func(*logSite){func(s *logSite) {
			require.NoError(s.t, os.Rename(s.leaves, s.leaves+".1"))
			s.write(1)
			s.sql("INSERT INTO events (token_id, kind, timestamp, tlog_index) SELECT 'forged', kind, timestamp, id - 101 FROM events WHERE id BETWEEN 101 AND 120")
		}},
		found: []string{"log_rewritten"},
	},
	"column has another type than NULL": {
		stages: []func(*logSite){func(s *logSite) {
			s.write(10)
			s.sql("UPDATE events SET file_id = x'00' WHERE id = 301 AND file_id IS NULL")
		}},
		found: []string{"row_mismatch row 301 file_id", "leaf_without_row leaf 325"},
	},
	"time is of 2001": {
		stages: []func(*logSite){func(s *logSite) { s.write(10); s.sql("UPDATE events SET timestamp = 1000000000 WHERE id = 305") }},
		found:  []string{"row_mismatch row 305 timestamp", "leaf_without_row leaf 329"},
	},
	"delivered row is edited": {
		stages: []func(*logSite){func(s *logSite) { s.sql("UPDATE events SET user_agent = 'another' WHERE id = 50") }},
		found:  []string{"row_edited row 50 user_agent"},
	},
	"delivered row is deleted": {
		stages: []func(*logSite){func(s *logSite) { s.sql("DELETE FROM events WHERE id = 50") }},
		found:  []string{"row_deleted row 50"},
	},
}

// Whatever is done to a registry's files between two runs of the collector is found,
// once, and does not stop the verification.
func TestFaultManipulations(t *testing.T) {
	for name, m := range manipulations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLogSite(t, 300, m.heads)
			if m.unread != nil {
				m.unread(s)
			}
			s.manipulate(m.stages...)
			s.waitForFound(m.found...)
			s.stop()
			s.write(1)
			s.requireNothingNew()
		})
	}
}

// The leaves of public registries have another form of JSON. That a row was deleted, or
// that its issuer was changed, is found all the same.
func TestFaultManipulatedPublicRegistry(t *testing.T) {
	t.Parallel()
	s := newPublicSite(t, 500)
	s.sql("UPDATE manifests SET registered_at = registered_at - 3600") // the sample is of a few seconds
	s.sql("UPDATE beacons SET registered_at = registered_at - 3600")
	s.manipulate(func(s *logSite) {
		s.reveal(596)
		s.sql("DELETE FROM events WHERE id = 503") // its leaf, 514, has \u escapes
		s.sql("UPDATE events SET issuer_id = 'another' WHERE id = 505")
	})
	s.waitForFound("leaf_without_row leaf 514", "row_mismatch row 505 issuer_id")
	s.stop()
	s.reveal(600)
	s.requireNothingNew()
}

// verifyRefuses are what `oversight-siem verify` must not call right, and what it says.
var verifyRefuses = map[string]struct {
	change    string // of the database
	arguments []string
	says      string
}{
	"row with the id 0":       {"INSERT INTO events(id, token_id, kind, timestamp) VALUES (0, 'forged', 'dns', 1767225600)", nil, "row_inserted"},
	"row with a negative id":  {"UPDATE events SET id = -5 WHERE id = 8", nil, "row_inserted"},
	"pruned without any rows": {"DELETE FROM events", []string{"--pruned"}, "was confirmed"},
}

func TestFaultVerifyRefuses(t *testing.T) {
	for name, test := range verifyRefuses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newLogSite(t, 30, false)
			s.sql(test.change)
			verify := append([]string{"verify", "--db", s.database, "--tlog", s.leaves}, test.arguments...)
			output, err := exec.Command(filepath.Join(filepath.Dir(collectorBinary), "oversight-siem"), verify...).CombinedOutput()
			require.Error(t, err, "%s", output)
			assert.Contains(t, string(output), test.says)
		})
	}
}
