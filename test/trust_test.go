// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
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

// The registry's own sample: every event is verified.
func TestSampleIsVerified(t *testing.T) {
	dir := t.TempDir()
	database := filepath.Join(dir, "registry.sqlite")
	copyFile(t, filepath.Join("..", "testdata", "registry.sqlite"), database)
	copyFile(t, filepath.Join("..", "testdata", "tlog", "leaves.jsonl"), filepath.Join(dir, "leaves.jsonl"))
	a := newAgent(t, database)
	a.tlog = fmt.Sprintf("transparency_log: {leaves: %q}", filepath.Join(dir, "leaves.jsonl"))
	collector := a.start()
	a.waitForAll(sampleSize)
	collector.interrupt()
	events, findings := statuses(t, a.gateway)
	assert.Equal(t, map[any]int{"verified": sampleSize}, events)
	assert.Empty(t, findings)
}
