// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// state is the whole content of a registry.
type state struct {
	rows    map[int64]map[string]any // of events, by id
	rest    map[string][]string      // the other tables
	lines   []string                 // of the log
	files   map[string]string        // beside the database
	head    head
	log     os.FileInfo
	leaves  map[int64]map[string]any // what can be relied on, by index
	corrupt []int64                  // what cannot
	hashes  [][sha256.Size]byte      // as declared, by index; nil if one is not known
	known   map[int64][sha256.Size]byte
	jumped  bool // the index of a line is not the next one
	hole    bool // an index has no line, or several
}

func stateOf(t *testing.T, settings registrygen.Settings) state {
	t.Helper()
	dir := filepath.Dir(settings.Database)
	s := state{rows: rowsByID(t, settings.Database), rest: content(t, settings.Database), files: map[string]string{}}
	delete(s.rest, "events")
	s.lines = leafLines(t, settings.TlogDir)
	require.Equal(t, alone, names(t, dir), "nothing else")
	require.Equal(t, []string{registrygen.LeavesFile}, names(t, settings.TlogDir))
	for _, name := range []string{registrygen.IdentityFile, registrygen.HeadFile, registrygen.WellKnownFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		s.files[name] = string(text)
	}
	s.head = readHead(t, dir)
	var err error
	s.log, err = os.Stat(filepath.Join(settings.TlogDir, registrygen.LeavesFile))
	require.NoError(t, err)
	s.readLog()
	return s
}

func rowsByID(t *testing.T, database string) map[int64]map[string]any {
	t.Helper()
	rows := map[int64]map[string]any{}
	for _, text := range query(t, database, `SELECT json_object('id', id, 'token_id', token_id, 'file_id', file_id,
		'recipient_id', recipient_id, 'issuer_id', issuer_id, 'kind', kind, 'source_ip', source_ip, 'user_agent', user_agent,
		'extra', extra, 'timestamp', timestamp, 'qualified_timestamp', qualified_timestamp, 'tlog_index', tlog_index) FROM events`) {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &row))
		rows[int64(row["id"].(float64))] = row
	}
	return rows
}

// readLog reads the lines as the log's documentation defines them: an index is a claim of
// its line.
func (s *state) readLog() {
	s.leaves, s.known = map[int64]map[string]any{}, map[int64][sha256.Size]byte{}
	unreadable, next := 0, int64(0)
	for _, line := range s.lines {
		var parsed struct {
			Index     int64
			Hash      string `json:"leaf_hash"`
			Text      string `json:"leaf_data"`
			DataInHex string `json:"leaf_data_hex"`
		}
		if json.Unmarshal([]byte(line), &parsed) != nil {
			s.corrupt = append(s.corrupt, next)
			unreadable++
			next++
			continue
		}
		s.jumped = s.jumped || parsed.Index != next
		next = parsed.Index + 1
		data, err := hex.DecodeString(parsed.DataInHex)
		var values map[string]any
		hash := sha256.Sum256(append([]byte{0}, data...))
		if err != nil || json.Unmarshal(data, &values) != nil || parsed.Text != string(data) || fmt.Sprintf("%x", hash) != parsed.Hash {
			s.corrupt = append(s.corrupt, parsed.Index)
		} else {
			s.leaves[parsed.Index] = values
		}
		declared, _ := hex.DecodeString(parsed.Hash)
		s.known[parsed.Index] = [sha256.Size]byte(declared)
	}
	for index := range s.known {
		s.hole = s.hole || index >= int64(len(s.lines))
	}
	s.hole = s.hole || len(s.known)+unreadable != len(s.lines)
	s.hashes = s.hashesWith(nil)
}

// hashesWith returns the hashes by index; those of leaves that cannot be read are others'.
// It returns nil if one is not known.
func (s *state) hashesWith(others [][sha256.Size]byte) (hashes [][sha256.Size]byte) {
	for index := range int64(len(s.lines)) {
		hash, ok := s.known[index]
		if !ok && index < int64(len(others)) {
			hash, ok = others[index], true
		}
		if !ok || s.hole {
			return nil
		}
		hashes = append(hashes, hash)
	}
	return hashes
}

// rootOf returns the root over the hashes of leaves.
func rootOf(hashes [][sha256.Size]byte) [sha256.Size]byte {
	if len(hashes) == 1 {
		return hashes[0]
	}
	k := 1
	for 2*k < len(hashes) {
		k *= 2
	}
	left, right := rootOf(hashes[:k]), rootOf(hashes[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// status returns a row's oversight.tlog.status, and what differs from its leaf.
func (s *state) status(row map[string]any) (status, mismatch string) {
	index, ok := row["tlog_index"].(float64)
	if !ok {
		return "missing", ""
	}
	if slices.Contains(s.corrupt, int64(index)) {
		return "unavailable", ""
	}
	leaf, ok := s.leaves[int64(index)]
	if !ok {
		return "missing", ""
	}
	for id, other := range s.rows {
		if id < int64(row["id"].(float64)) && other["tlog_index"] == row["tlog_index"] {
			return "duplicate", ""
		}
	}
	var extra map[string]any
	_ = json.Unmarshal([]byte(row["extra"].(string)), &extra)
	want := map[string]any{
		"kind": row["kind"], "token_id": row["token_id"], "file_id": row["file_id"], "recipient_id": row["recipient_id"],
		"source_ip": row["source_ip"], "user_agent": row["user_agent"], "timestamp": row["qualified_timestamp"],
		"qname": extra["qname"], "qtype": extra["qtype"],
	}
	names := map[string]string{"qname": "extra.qname", "qtype": "extra.qtype", "timestamp": "qualified_timestamp"}
	for key, value := range want {
		if held, holds := leaf[key]; holds && held != value {
			if name := names[key]; name != "" {
				key = name
			}
			return "mismatch", key
		}
	}
	return "verified", ""
}

// findings returns what a reader finds that reads the registry for the first time, or
// that had read it before.
func (s *state) findings(t *testing.T, before *state) []string {
	t.Helper()
	found := map[string]bool{
		"leaf_corrupt": len(s.corrupt) > 0, "head_signature_invalid": !s.head.signed,
		"leaf_index_jumped": s.jumped && before == nil,
	}
	hashes := s.hashes
	if before != nil {
		hashes = s.hashesWith(before.hashes)
	}
	switch {
	case hashes == nil, s.head.Size > len(hashes):
		found["head_not_compared"] = s.head.signed
	case s.head.Size == len(hashes):
		found["head_inconsistent"] = s.head.Root != fmt.Sprintf("%x", rootOf(hashes))
	}
	claimed := map[int64]bool{}
	for id, row := range s.rows {
		status, _ := s.status(row)
		index, has := row["tlog_index"].(float64)
		if status != "mismatch" {
			claimed[int64(index)] = has
		}
		if !has && (before == nil || before.rows[id] == nil) {
			found["row_unlogged"] = true
			continue
		}
		if (status == "mismatch" || status == "duplicate" || status == "missing") && (before == nil || before.rows[id] == nil) {
			found["row_mismatch"] = true
		}
	}
	for index, leaf := range s.leaves {
		if leaf["event"] == "beacon" && !claimed[index] && (before == nil || before.leaves[index] == nil) {
			found["leaf_without_row"] = true
		}
	}
	if before != nil {
		found["log_rewritten"] = len(hashes) < len(before.hashes) || rootOf(hashes[:len(before.hashes)]) != rootOf(before.hashes)
		last := slices.Max(slices.Collect(maps.Keys(before.rows)))
		was, is := before.rows[last], s.rows[last]
		found["rows_rolled_back"] = is != nil && was["token_id"] != is["token_id"] && was["tlog_index"] != is["tlog_index"]
	}
	var kinds []string
	for kind, is := range found {
		if is {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}
