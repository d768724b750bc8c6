// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// A line that is destroyed after it was read, while the collector is down, keeps no later
// root from being known: its chunk's root was saved.
func TestRootsPastADestroyedLine(t *testing.T) {
	log, intact, clock, saved := newLog(t), newLog(t), newClock(), &store{}
	reconciler := log.open(clock, saved, time.Minute)
	var lastID int64
	log.writeLeaves(0, 1000)
	intact.writeLeaves(0, 1200)
	reconciler.Check(t.Context(), rowsFrom(&lastID, 0, 1000))
	saved.save(t, reconciler, lastID)
	require.NoError(t, reconciler.Close())

	data, err := os.ReadFile(log.path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(data, []byte("\n"))
	clear(lines[300][:len(lines[300])-1])
	require.NoError(t, os.WriteFile(log.path, bytes.Join(lines, nil), 0o600))
	log.writeLeaves(1000, 1200)

	expected := intact.open(clock, &store{}, time.Minute)
	expected.Idle(t.Context())
	for range 2 { // also after one more restart
		reconciler = log.open(clock, saved, time.Minute)
		reconciler.Idle(t.Context())
		require.NoError(t, reconciler.Reverify(t.Context()))
		reconciler.Idle(t.Context())
		for _, found := range reconciler.Findings() {
			assert.Equal(t, translator.IntegrityLeafCorrupt, found.Kind)
			assert.Equal(t, int64(300), found.TlogIndex)
		}
		for _, size := range []int64{512, 1000, 1100, 1200} {
			want, err := expected.RootAt(size)
			require.NoError(t, err)
			root, err := reconciler.RootAt(size)
			require.NoError(t, err, "size %d", size)
			assert.Equal(t, want, root, "size %d", size)
		}
		saved.save(t, reconciler, lastID)
		require.NoError(t, reconciler.Close())
	}
}

// A page of the log that a disk has lost makes one line of several, which cannot be read:
// nothing is proven of the rows of these, and only the line is a finding. The row of a
// line that was removed has no leaf.
func TestRowsOfLostLines(t *testing.T) {
	for name, test := range map[string]struct {
		damage   func(text []byte, starts []int) []byte
		status   string
		findings []string
		message  string
	}{
		"a lost page": {
			damage: func(text []byte, starts []int) []byte {
				clear(text[starts[40]+30 : starts[45]+30])
				return text
			},
			status:   translator.TlogStatusUnavailable,
			findings: []string{translator.IntegrityLeafCorrupt, translator.IntegrityLeafIndexJumped},
			message:  "Leaf 40 of the transparency log is corrupt",
		},
		"removed lines": {
			damage:   func(text []byte, starts []int) []byte { return append(text[:starts[40]], text[starts[46]:]...) },
			status:   translator.TlogStatusMissing,
			findings: []string{translator.IntegrityLeafIndexJumped, translator.IntegrityRowMismatch},
			message:  "names leaf 41, but no line of the transparency log has that index",
		},
	} {
		t.Run(name, func(t *testing.T) {
			log, clock, saved := newLog(t), newClock(), &store{}
			log.writeLeaves(0, 100)
			text, err := os.ReadFile(log.path)
			require.NoError(t, err)
			starts := []int{0}
			for i, b := range text {
				if b == '\n' {
					starts = append(starts, i+1)
				}
			}
			require.NoError(t, os.WriteFile(log.path, test.damage(text, starts), 0o600))
			reconciler := log.open(clock, saved, 0)
			var lastID int64
			rows := rowsFrom(&lastID, 0, 100)
			saved.rows = rows
			reconciler.Check(t.Context(), rows)
			for i := range rows {
				want := translator.TlogStatusVerified
				if index := rows[i].TlogIndex; index >= 40 && index < 46 {
					want = test.status
				}
				assert.Equal(t, want, rows[i].TlogStatus, "leaf %d", rows[i].TlogIndex)
			}
			kinds, messages := []string{}, ""
			addFindings := func() {
				for _, f := range reconciler.Findings() {
					messages += f.Message + "\n"
					if !slices.Contains(kinds, f.Kind) {
						kinds = append(kinds, f.Kind)
					}
				}
				saved.save(t, reconciler, lastID)
			}
			later := func() {
				clock.now = clock.now.Add(2 * time.Minute)
				reconciler.Idle(t.Context())
				reconciler.LookAgain(t.Context(), time.Second)
			}
			addFindings()
			later()
			addFindings()
			assert.ElementsMatch(t, test.findings, kinds)
			assert.Contains(t, messages, test.message)
			for range 5 { // nor later
				later()
				assert.Empty(t, reconciler.Findings())
			}
		})
	}
}
