// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// writeOver overwrites a text in the file with another of the same length.
func writeOver(t *testing.T, path, old, text string) {
	t.Helper()
	require.Len(t, text, len(old))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	at := strings.Index(string(data), old)
	require.GreaterOrEqual(t, at, 0)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteAt([]byte(text), int64(at))
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// uncached is a log size at which the first leaves are not in the cache.
const uncached = 70 * 256

func TestLookupOfARewrittenLeaf(t *testing.T) {
	path := newLog(t, linesOf(0, uncached))
	f := followDamaged(t, path, tlog.State{})
	f.advance()
	f.requireLeaf(300)
	old := lineOf(300, leafText(300))
	writeOver(t, path, old, lineOf(300, strings.Replace(leafText(300), "ocsp", "ocsq", 1)))
	// Other chunks displace that of the leaf in the cache.
	for i := int64(600); i < uncached; i += 256 {
		_, err := f.Lookup(context.Background(), i)
		require.NoError(t, err)
	}
	_, err := f.Lookup(context.Background(), 300)
	require.ErrorIs(t, err, tlog.ErrUnknown)
	f.advance()
	findings := f.Findings()
	require.Len(t, findings, 1)
	assert.Equal(t, translator.IntegrityLogRewritten, findings[0].Kind)
	assert.True(t, findings[0].HasRoot)
	assert.Equal(t, rootOf(uncached), findings[0].ExpectedRoot)
	entry, err := f.Lookup(context.Background(), 300)
	require.NoError(t, err)
	assert.Equal(t, "ocsq", entry.Beacon.Kind)
	assert.Equal(t, indexes(0, uncached), f.leaves)
}

// The leaf is corrupt, and the hash in its line is unchanged.
func TestLookupOfALeafThatBecameCorrupt(t *testing.T) {
	path := newLog(t, linesOf(0, uncached))
	f := follow(t, path, tlog.State{})
	f.advance()
	writeOver(t, path, hexOf(`"token_id":"t300"`), hexOf(`"token_id":"t301"`))
	entry, err := f.Lookup(context.Background(), 300)
	require.NoError(t, err)
	assert.True(t, entry.Corrupt)
	assert.Equal(t, tlog.MismatchLeaf, entry.Mismatch(&translator.Event{}))
	findings := f.Findings()
	require.Len(t, findings, 1)
	assert.Equal(t, translator.IntegrityLeafCorrupt, findings[0].Kind)
	assert.Equal(t, []int64{300, 300}, []int64{findings[0].First, findings[0].Last})
	f.advance()
	assert.Empty(t, f.Findings())
}

// Damage to a State causes a finding only if it is in the root or the size.
func TestDamagedStates(t *testing.T) {
	path := newLog(t, linesOf(0, 700))
	f := follow(t, path, tlog.State{})
	f.advance()
	good, err := json.Marshal(f.State())
	require.NoError(t, err)
	for _, change := range []func(*tlog.State){
		func(s *tlog.State) { s.Hashes = nil },
		func(s *tlog.State) { s.Hashes[0][0]++ },
		func(s *tlog.State) { s.Aligned = 0 },
		func(s *tlog.State) { s.Aligned = 513 },
		func(s *tlog.State) { s.Aligned = 768 },
		func(s *tlog.State) { s.Aligned = -256 },
		func(s *tlog.State) { s.AlignedHashes = nil },
		func(s *tlog.State) { s.AlignedHashes[0][0]++ },
		func(s *tlog.State) { s.Offset = -1 },
		func(s *tlog.State) { s.Offset = 7 },
		func(s *tlog.State) { s.Offset = 1 << 60 },
		func(s *tlog.State) { s.Corrupt = []tlog.Run{{First: 5, Last: 3}, {First: -1, Last: 1}, {}, {}} },
	} {
		var state tlog.State
		require.NoError(t, json.Unmarshal(good, &state))
		change(&state)
		again := follow(t, path, state)
		again.advance()
		again.requireIntact(700)
		assert.Empty(t, again.leaves)
	}
	for name, change := range map[string]func(*tlog.State){
		"root":    func(s *tlog.State) { s.Root[0]++ },
		"size":    func(s *tlog.State) { s.Size++ },
		"smaller": func(s *tlog.State) { s.Size-- },
		"larger":  func(s *tlog.State) { s.Size = 1 << 60 },
	} {
		var state tlog.State
		require.NoError(t, json.Unmarshal(good, &state))
		change(&state)
		again := followDamaged(t, path, state)
		again.advance()
		findings := again.Findings()
		require.Len(t, findings, 1, name)
		assert.Equal(t, translator.IntegrityLogRewritten, findings[0].Kind)
		assert.Equal(t, int64(700), again.Size())
	}
}

// However many faults there are, memory is bounded.
func TestManyFaults(t *testing.T) {
	lines := strings.SplitAfter(linesOf(0, 5000), "\n")
	for i := 0; i < 5000; i += 2 {
		lines[i] = "x\n"
	}
	f := followDamaged(t, newLog(t, strings.Join(lines, "")), tlog.State{})
	f.advance()
	findings := f.Findings()
	assert.Len(t, findings, 1000)
	last := findings[999]
	assert.Equal(t, []int64{1998, 4998}, []int64{last.First, last.Last})
	assert.Contains(t, last.Reason, "too many corrupt leaves to list")
	assert.Len(t, f.State().Corrupt, 1000)
}
