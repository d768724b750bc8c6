// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logSite is an honest registry, and copies of its database and its log, which a test
// damages and the collector reads.
type logSite struct {
	*agent
	registry string // the directory of the registry
	leaves   string // the log that the collector reads
	copied   int64  // how much of the registry's log it has, in bytes
	copiedID int64  // the registry's last row that the collector's database has

	collector *process // while it runs
}

// newLogSite writes so many events. With heads, the collector gets the heads that the
// registry signs.
func newLogSite(t *testing.T, events int, heads bool) *logSite {
	t.Helper()
	s := emptyLogSite(t)
	s.generate(events)
	copyFile(t, filepath.Join(s.registry, "registry.sqlite"), s.database)
	s.copiedID = int64(events)
	s.appendLeaves(wholeLog)
	s.settings(heads)
	return s
}

// newPublicSite is of a registry in the public dialect, which the collector has the first
// rows of. [logSite.reveal] adds others.
func newPublicSite(t *testing.T, id int64) *logSite {
	t.Helper()
	s := emptyLogSite(t)
	require.NoError(t, os.CopyFS(s.registry, os.DirFS(filepath.Join("..", "testdata", "registry-public"))))
	for _, suffix := range []string{"", "-wal"} {
		copyFile(t, filepath.Join(s.registry, "registry.sqlite"+suffix), s.database+suffix)
	}
	s.sql("DELETE FROM events WHERE id > 0")
	s.sql("UPDATE sqlite_sequence SET seq = 0 WHERE name = 'events'")
	s.reveal(id)
	s.settings(false)
	return s
}

func emptyLogSite(t *testing.T) *logSite {
	t.Helper()
	dir := t.TempDir()
	return &logSite{
		agent:    newAgent(t, filepath.Join(dir, "registry.sqlite")),
		registry: t.TempDir(), leaves: filepath.Join(dir, "leaves.jsonl"),
	}
}

// settings makes the collector compare the log, with heads or without.
func (s *logSite) settings(heads bool) {
	s.t.Helper()
	key := ""
	if heads {
		key = s.serveHeads()
	}
	s.tlog = fmt.Sprintf("transparency_log: {leaves: %q, wait: 200ms, grace: 1s%s}", s.leaves, key)
}

// serveHeads returns the settings for the registry's heads.
func (s *logSite) serveHeads() string {
	s.t.Helper()
	url := serve(s.t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(s.registry, "signed-head.json"))
	}))
	return s.headsAt(url)
}

func (s *logSite) headsAt(url string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.registry, "well-known.json"))
	require.NoError(s.t, err)
	var known struct {
		Key string `json:"ed25519_pub"`
	}
	require.NoError(s.t, json.Unmarshal(text, &known))
	return fmt.Sprintf(", public_key: %q, tree_head: {endpoint: %q, interval: 1s, timeout: 2s}", known.Key, url)
}

// generate makes the registry write events, of which the collector has nothing yet.
func (s *logSite) generate(events int) {
	s.t.Helper()
	output, err := exec.Command(oversightgenBinary, "--db", filepath.Join(s.registry, "registry.sqlite"),
		"--seed", "7", "--count", fmt.Sprint(events)).CombinedOutput()
	require.NoError(s.t, err, "%s", output)
}

// registryLeaves is the path of the registry's own log.
func (s *logSite) registryLeaves() string { return filepath.Join(s.registry, "tlog", "leaves.jsonl") }

// wholeLog is more leaves than any log has.
const wholeLog = math.MaxInt32

// appendLeaves appends the leaves that the registry has written since, of its first n.
func (s *logSite) appendLeaves(n int) {
	s.t.Helper()
	text, err := os.ReadFile(s.registryLeaves())
	require.NoError(s.t, err)
	lines := strings.SplitAfter(string(text), "\n")
	added := strings.Join(lines[:min(n, len(lines))], "")[s.copied:]
	s.appendText(added)
	s.copied += int64(len(added))
}

func (s *logSite) appendText(text string) {
	s.t.Helper()
	file, err := os.OpenFile(s.leaves, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(s.t, err)
	_, err = file.WriteString(text)
	require.NoError(s.t, err)
	require.NoError(s.t, file.Close())
}

// insertRows inserts the registry's rows up to an id that the collector has not got yet,
// with the next ids, and returns the highest index of their leaves.
func (s *logSite) insertRows(to int64) (index int) {
	s.t.Helper()
	const columns = "token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index"
	db := openRegistry(s.t, s.database)
	_, err := db.ExecContext(s.t.Context(), "ATTACH ? AS registry", filepath.Join(s.registry, "registry.sqlite"))
	require.NoError(s.t, err)
	_, err = db.ExecContext(s.t.Context(), "INSERT INTO main.events ("+columns+") SELECT "+columns+" FROM registry.events WHERE id > ? AND id <= ? ORDER BY id", s.copiedID, to)
	require.NoError(s.t, err)
	require.NoError(s.t, db.QueryRowContext(s.t.Context(), "SELECT max(id), max(tlog_index) FROM registry.events WHERE id <= ?", to).Scan(&s.copiedID, &index))
	require.NoError(s.t, db.Close())
	return index
}

// reveal gives the collector the registry's rows up to an id, and their leaves.
func (s *logSite) reveal(id int64) {
	s.t.Helper()
	s.appendLeaves(s.insertRows(id) + 1)
}

// write makes the registry write events, where the collector reads.
func (s *logSite) write(events int) {
	s.t.Helper()
	s.generate(events)
	s.insertRows(math.MaxInt64)
	s.appendLeaves(wholeLog)
}

// sql changes the database that the collector reads.
func (s *logSite) sql(query string, arguments ...any) {
	s.t.Helper()
	db := openRegistry(s.t, s.database)
	result, err := db.ExecContext(s.t.Context(), query, arguments...)
	require.NoError(s.t, err)
	n, err := result.RowsAffected()
	require.NoError(s.t, err)
	require.NotZero(s.t, n, query)
	require.NoError(s.t, db.Close())
}

// lastRow returns the highest id in the database that the collector reads.
func (s *logSite) lastRow() (id int64) {
	s.t.Helper()
	db := openRegistry(s.t, s.database)
	require.NoError(s.t, db.QueryRowContext(s.t.Context(), "SELECT max(id) FROM events").Scan(&id))
	require.NoError(s.t, db.Close())
	return id
}

// editLines changes the lines of the log that the collector reads, in place.
func (s *logSite) editLines(edit func(lines []string)) {
	s.t.Helper()
	text, err := os.ReadFile(s.leaves)
	require.NoError(s.t, err)
	lines := strings.SplitAfter(string(text), "\n")
	edit(lines)
	require.NoError(s.t, os.WriteFile(s.leaves, []byte(strings.Join(lines, "")), 0o644))
}

// destroyLine leaves zero bytes, as a power failure can.
func destroyLine(n int) func([]string) {
	return func(lines []string) { lines[n] = strings.Repeat("\x00", len(lines[n])-1) + "\n" }
}

func swapLines(n int) func([]string) {
	return func(lines []string) { lines[n], lines[n+1] = lines[n+1], lines[n] }
}

// forge changes the address in a row and in its leaf, so that they agree.
func (s *logSite) forge(id int64) {
	s.t.Helper()
	const forged = "192.0.2.66"
	db := openRegistry(s.t, s.database)
	var index int
	var address string
	require.NoError(s.t, db.QueryRowContext(s.t.Context(), "SELECT tlog_index, source_ip FROM events WHERE id = ?", id).Scan(&index, &address))
	require.NoError(s.t, db.Close())
	s.sql("UPDATE events SET source_ip = ? WHERE id = ?", forged, id)
	s.editLines(func(lines []string) {
		var line struct {
			Leaf string `json:"leaf_data"`
		}
		require.NoError(s.t, json.Unmarshal([]byte(lines[index]), &line))
		leaf := strings.Replace(line.Leaf, address, forged, 1)
		require.NotEqual(s.t, line.Leaf, leaf)
		lines[index] = lineOf(s.t, int64(index), leaf)
	})
}

// lineOf returns the line of a leaf.
func lineOf(t testing.TB, index int64, leaf string) string {
	t.Helper()
	hash := sha256.Sum256(append([]byte{0}, leaf...))
	line, err := json.Marshal(map[string]any{
		"index": index, "leaf_hash": hex.EncodeToString(hash[:]), "leaf_data": leaf, "leaf_data_hex": hex.EncodeToString([]byte(leaf)),
	})
	require.NoError(t, err)
	return string(line) + "\n"
}

// statusOf returns the status of the event of a row, empty if none has arrived.
func (s *logSite) statusOf(id int64) string {
	status := ""
	for _, r := range s.gateway.all() {
		if got, _ := r.Attributes().Get("oversight.event.id"); r.EventName() == "oversight.beacon" && got.Str() == fmt.Sprint(id) {
			value, _ := r.Attributes().Get("oversight.tlog.status")
			status = value.Str()
		}
	}
	return status
}

// waitForRow waits until the event of a row has arrived, and so all before it.
func (s *logSite) waitForRow(id int64) {
	s.t.Helper()
	eventually(s.t, func() error { return errorIf(s.statusOf(id) == "", fmt.Sprintf("row %d has not arrived", id)) })
}

// waitForRows waits until the events of all rows have arrived.
func (s *logSite) waitForRows() {
	s.t.Helper()
	s.waitForRow(s.lastRow())
}

// found returns the findings and records that have arrived: kind and subject.
func (s *logSite) found() []string {
	found := []string{}
	for _, r := range s.gateway.all() {
		if r.EventName() != "oversight.integrity" {
			continue
		}
		attributes := r.Attributes().AsRaw()
		if attributes["oversight.integrity.kind"] == "rows_rechecked" {
			continue // what was compared again: no finding
		}
		text := fmt.Sprint(attributes["oversight.integrity.kind"])
		if id := attributes["oversight.event.id"]; id != nil {
			text += subject(" row", id, attributes["oversight.event.last_id"])
		} else if index := attributes["oversight.tlog.index"]; index != nil {
			text += subject(" leaf", index, attributes["oversight.tlog.last_index"])
		}
		if mismatch := attributes["oversight.tlog.mismatch"]; mismatch != nil {
			text += " " + strings.Trim(fmt.Sprint(mismatch), "[]")
		} else if status := attributes["oversight.tlog.status"]; status != nil {
			text += " " + fmt.Sprint(status)
		}
		found = append(found, text)
	}
	slices.Sort(found)
	return found
}

func subject(name string, first, last any) string {
	text := fmt.Sprintf("%s %v", name, first)
	if last != nil {
		text += fmt.Sprintf("-%v", last)
	}
	return text
}

// waitForFound waits until these findings and records have arrived, and no others.
func (s *logSite) waitForFound(want ...string) {
	s.t.Helper()
	slices.Sort(want)
	eventuallyWithin(s.t, faultTimeout, func() error {
		if found := s.found(); !slices.Equal(want, found) {
			events, _ := statuses(s.t, s.gateway)
			return fmt.Errorf("%v, want %v; events %v", found, want, events)
		}
		return nil
	})
}

// requireNothingNew starts the collector again: its next event is verified, and nothing is
// found again.
func (s *logSite) requireNothingNew() {
	s.t.Helper()
	before := s.found()
	s.run()
	s.stop()
	assert.Equal(s.t, "verified", s.statusOf(s.lastRow()))
	assert.Equal(s.t, before, s.found())
}

// restoreLog restores the registry's log and the collector's from a backup with n leaves.
func (s *logSite) restoreLog(n int) {
	s.t.Helper()
	for _, path := range []string{s.registryLeaves(), s.leaves} {
		text, err := os.ReadFile(path)
		require.NoError(s.t, err)
		text = bytes.Join(bytes.SplitAfter(text, []byte("\n"))[:n], nil)
		require.NoError(s.t, os.WriteFile(path, text, 0o644))
		s.copied = int64(len(text))
	}
}

// manipulate runs the collector, and again after each stage. It is running then.
func (s *logSite) manipulate(stages ...func(*logSite)) {
	s.t.Helper()
	s.run()
	for _, change := range stages {
		s.stop()
		change(s)
		s.run()
	}
}

// run starts the collector, and waits until the events of all rows have arrived.
func (s *logSite) run() {
	s.t.Helper()
	s.collector = s.start()
	s.waitForRows()
}

func (s *logSite) stop() {
	s.t.Helper()
	s.collector.interrupt()
}
