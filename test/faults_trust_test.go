// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// trustScene is an honest registry with a collector beside it. Offline, it is the same
// without the collector, and nothing waits for one.
type trustScene struct {
	*agent
	registry  *logRegistry
	collector *process // nil while it is down
	copy      string   // of the log, if the collector reads one
	grace     string
	keys      []string // further ones below `transparency_log`, in YAML
	heads     *heads   // that it asks for; nil for none
	offline   bool     // there is no collector

	// innocent are the kinds of findings and statuses of events that the registry's
	// troubles explain. Whatever else arrives accuses it.
	innocent []string
	killed   []string // leaves without a row, from before
}

// newTrustScene is for the registry in a directory.
func newTrustScene(t testing.TB, dir string, d dialect.Dialect) *trustScene {
	t.Helper()
	r := newLogRegistry(t, dir, d)
	return &trustScene{agent: newAgent(t, r.database), registry: r, grace: "1s", innocent: []string{"verified", "rows_rechecked"}}
}

func (s *trustScene) run() {
	s.t.Helper()
	if s.offline {
		return
	}
	keys := append([]string{
		fmt.Sprintf("leaves: %q", cmp.Or(s.copy, s.registry.leaves)), "grace: " + s.grace, "public_key: " + s.registry.publicKey(),
	}, s.keys...)
	s.tlog = fmt.Sprintf("transparency_log: {%s}", strings.Join(keys, ", "))
	s.collector = s.start()
}

func (s *trustScene) stop() {
	s.t.Helper()
	if s.collector != nil {
		s.collector.interrupt()
		s.collector = nil
	}
	s.requireInnocent()
}

// write has the registry write events. A copy of its log has their leaves in time.
func (s *trustScene) write(n int) {
	s.t.Helper()
	rows := s.registry.log(n)
	s.refresh()
	s.registry.insert(rows...)
}

// refresh puts a new copy in place of the old one.
func (s *trustScene) refresh() {
	s.t.Helper()
	if s.copy != "" {
		next := filepath.Join(s.t.TempDir(), "next")
		copyFile(s.t, s.registry.leaves, next)
		require.NoError(s.t, os.Rename(next, s.copy))
	}
}

// arrivals counts the events that have arrived, by status, and returns the findings.
func (s *trustScene) arrivals() (events map[string]int, findings []record) {
	events = map[string]int{}
	for _, r := range s.gateway.all() {
		if r.EventName() == "oversight.integrity" {
			findings = append(findings, r)
			continue
		}
		events[attribute(r, "oversight.tlog.status")]++
	}
	return events, findings
}

func attribute(r record, name string) string {
	value, ok := r.Attributes().Get(name)
	if !ok {
		return ""
	}
	return value.AsString()
}

// requireInnocent requires that nothing has accused the registry so far.
func (s *trustScene) requireInnocent() {
	s.t.Helper()
	events, findings := s.arrivals()
	for status, n := range events {
		require.Contains(s.t, s.innocent, status, "%d honest events have it; findings:\n%s", n, sentences(findings))
	}
	for _, f := range findings {
		require.Contains(s.t, s.innocent, attribute(f, "oversight.integrity.kind"), "%d findings:\n%s", len(findings), sentences(findings))
	}
}

func sentences(findings []record) string {
	var text strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&text, "%s: %s\n", attribute(f, "oversight.integrity.kind"), f.Body().AsString())
	}
	return text.String()
}

// wait waits until something holds, while nothing accuses the registry.
func (s *trustScene) wait(condition func() error) {
	s.t.Helper()
	if s.offline {
		return
	}
	eventually(s.t, func() error {
		s.requireInnocent()
		return condition()
	})
}

// waitForEvents waits until so many events have arrived, each once.
func (s *trustScene) waitForEvents(n int) {
	s.t.Helper()
	s.wait(func() error {
		if different, all := s.uids(); different != n {
			return fmt.Errorf("%d of %d events have arrived, in %d deliveries", different, n, all)
		}
		return nil
	})
	if s.offline {
		return
	}
	different, all := s.uids()
	require.Equal(s.t, different, all, "no event is delivered twice")
}

// uids counts the events that have arrived, by their uids, and their deliveries.
func (s *trustScene) uids() (different, all int) {
	uids := map[string]bool{}
	for _, r := range s.gateway.all() {
		if r.EventName() != "oversight.integrity" {
			uids[attribute(r, "log.record.uid")] = true
			all++
		}
	}
	return len(uids), all
}

// waitForKind waits for a finding that the registry's troubles explain.
func (s *trustScene) waitForKind(kind string) {
	s.t.Helper()
	s.wait(func() error {
		_, findings := s.arrivals()
		return errorIf(!slices.ContainsFunc(findings, func(f record) bool { return attribute(f, "oversight.integrity.kind") == kind }), "no "+kind)
	})
}

// crash makes the registry stop between a leaf and its row, and waits until that is found:
// then all earlier leaves would have been, too. It stops the collector, and requires that
// nothing else was found but these kinds.
func (s *trustScene) crash(kinds ...string) {
	s.t.Helper()
	s.registry.logged()
	index := fmt.Sprint(s.registry.lines() - 1)
	s.refresh()
	s.innocent = append(s.innocent, "leaf_without_row")
	s.wait(func() error {
		_, findings := s.arrivals()
		return errorIf(!slices.ContainsFunc(findings, func(f record) bool {
			return attribute(f, "oversight.tlog.index") == index || attribute(f, "oversight.tlog.last_index") == index
		}), "the leaf without a row has not been found")
	})
	s.stop()
	if s.offline {
		return
	}
	_, findings := s.arrivals()
	for _, f := range findings {
		if attribute(f, "oversight.integrity.kind") == "leaf_without_row" {
			assert.Contains(s.t, append(s.killed, index), attribute(f, "oversight.tlog.index"), f.Body().AsString())
		}
	}
	assert.ElementsMatch(s.t, append(kinds, "leaf_without_row"), kindsOf(findings), sentences(findings))
}

// kindsOf are the kinds of findings. That rows were compared again is none.
func kindsOf(findings []record) []string {
	kinds := []string{}
	for _, f := range findings {
		if kind := attribute(f, "oversight.integrity.kind"); kind != "rows_rechecked" {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// verify runs oversight-siem on the registry's files and a head, and returns what it finds
// but records.
func (s *trustScene) verify(head []byte) (kinds []string, output string) {
	s.t.Helper()
	hourAgo := time.Now().Add(-time.Hour) // otherwise it waits for the rows of new leaves
	require.NoError(s.t, os.Chtimes(s.registry.leaves, hourAgo, hourAgo))
	path := filepath.Join(s.t.TempDir(), "head.json")
	require.NoError(s.t, os.WriteFile(path, head, 0o600))
	command := exec.Command(siemBinary, "verify", "--json", "--db", s.registry.database, "--tlog", s.registry.leaves, "--head", path,
		"--public-key", s.registry.publicKey(), "--registry-id", "deadbeef")
	var stdout, stderr bytes.Buffer
	kinds = []string{}
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run() // its exit status is 1 if it finds something
	for line := range bytes.Lines(stdout.Bytes()) {
		var finding struct {
			Kind     string `json:"integrity_kind"`
			Severity string `json:"severity"`
		}
		require.NoError(s.t, json.Unmarshal(line, &finding), "%s", line)
		if finding.Kind != "" && finding.Severity != "informational" {
			kinds = append(kinds, finding.Kind)
		}
	}
	require.Contains(s.t, stdout.String(), `{"summary":`, stderr.String())
	slices.Sort(kinds)
	return slices.Compact(kinds), stdout.String() + stderr.String()
}
