// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// tlogOf returns the receiver's `transparency_log` for the log beside a database.
func tlogOf(database string) string {
	return fmt.Sprintf("transparency_log: {leaves: %q, grace: 1s}", filepath.Join(filepath.Dir(database), "tlog", "leaves.jsonl"))
}

// statuses counts the events by oversight.tlog.status, and findings by their
// message.
func statuses(t testing.TB, g *gateway) (events map[any]int, findings map[string]int) {
	t.Helper()
	events, findings = map[any]int{}, map[string]int{}
	for _, r := range g.all() {
		if r.EventName() == "oversight.integrity" {
			findings[r.Body().Str()]++
			continue
		}
		status, _ := r.Attributes().Get("oversight.tlog.status")
		events[status.AsString()]++
	}
	return events, findings
}

// Kills at random moments cause no finding about an honest registry, and lose no
// event.
func TestKilledWhileVerifying(t *testing.T) {
	for _, style := range styles {
		t.Run(style, func(t *testing.T) {
			a := newAgent(t, filepath.Join(t.TempDir(), "registry.sqlite"))
			a.tlog = tlogOf(a.database)
			registry := generate(t, a.database, style, "400/s")
			killAtAnyMoment(t, a, registry)
			events, findings := statuses(t, a.gateway)
			_, all := a.gateway.arrived()
			assert.Equal(t, map[any]int{"verified": all}, events)
			assert.Empty(t, findings)
		})
	}
}

// The samples of real registries: every event is verified. The one in Rust was killed
// twice between a leaf and its row.
func TestSamplesAreVerified(t *testing.T) {
	for name, sample := range map[string]struct {
		dialect dialect.Dialect
		files   string
		events  int
		killed  []string // leaves without a row
	}{
		"newer":         {dialect.Newer, ".", sampleSize, nil},
		"public Python": {dialect.PublicPython, "registry-public", 600, nil},
		"public Rust":   {dialect.PublicRust, "registry-rust", 604, []string{"138", "385"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range []string{"registry.sqlite", "registry.sqlite-wal", filepath.Join("tlog", "leaves.jsonl")} {
				data, err := os.ReadFile(filepath.Join("..", "testdata", sample.files, file))
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				require.NoError(t, err)
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), data, 0o600))
			}
			s := newTrustScene(t, dir, sample.dialect)
			s.killed = sample.killed
			var kinds []string
			for range sample.killed {
				kinds = append(kinds, "leaf_without_row")
			}
			s.innocent = append(s.innocent, kinds...)
			s.run()
			s.waitForEvents(sample.events)
			s.stop()
			s.registry.write(10)
			s.run()
			s.waitForEvents(sample.events + 10)
			s.crash(kinds...)
		})
	}
}
