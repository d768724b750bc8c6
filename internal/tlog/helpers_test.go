// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// everything is a size that no log has.
const everything = math.MaxInt64

// sampleLog is the log of a real registry.
const sampleLog = "../../testdata/tlog/leaves.jsonl"

// hashOf is a leaf's hash (RFC 6962, 2.1).
func hashOf(data string) tlog.Hash { return sha256.Sum256([]byte("\x00" + data)) }

func hexOf(text string) string { return hex.EncodeToString([]byte(text)) }

// leafText is the n-th leaf of the logs in these tests. Every seventh is not that of
// a beacon.
func leafText(n int) string {
	if n%7 == 3 {
		return fmt.Sprintf(`{"event":"register","n":%d}`, n)
	}
	return fmt.Sprintf(`{"event":"beacon","kind":"ocsp","timestamp":"2026-01-02T03:04:05Z","token_id":"t%d","user_agent":"é \"%d\""}`, n, n)
}

// lineOf is the line of a leaf, as registries write it, with its newline.
func lineOf(index int, leaf string) string {
	text, err := json.Marshal(leaf)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("{\"index\": %d, \"leaf_hash\": \"%v\", \"leaf_data\": %s, \"leaf_data_hex\": \"%s\"}\n", index, hashOf(leaf), text, hexOf(leaf))
}

// linesOf are the lines of the leaves [from, to).
func linesOf(from, to int) string {
	var lines strings.Builder
	for n := from; n < to; n++ {
		lines.WriteString(lineOf(n, leafText(n)))
	}
	return lines.String()
}

// hashesOf are the hashes of the first n leaves.
func hashesOf(n int) []tlog.Hash {
	hashes := make([]tlog.Hash, n)
	for i := range hashes {
		hashes[i] = hashOf(leafText(i))
	}
	return hashes
}

func rootOf(n int) tlog.Hash { return treeHash(hashesOf(n)) }

// follower is a Log, and the leaves for which it called OnLeaf.
type follower struct {
	*tlog.Log
	t      testing.TB
	path   string
	leaves []int64
	// anyLeaf: leaves are not those of leafText.
	anyLeaf bool
}

func follow(t testing.TB, path string, state tlog.State) *follower {
	return followWith(t, tlog.Settings{Path: path, State: state})
}

func followWith(t testing.TB, settings tlog.Settings) *follower {
	f := &follower{t: t, path: settings.Path}
	settings.OnLeaf = func(index int64, beacon bool) {
		if !f.anyLeaf {
			assert.Equal(t, index%7 != 3, beacon, "leaf %d", index)
		}
		f.leaves = append(f.leaves, index)
	}
	f.Log = tlog.Open(settings)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// restart is a Log that continues from the State of this one, in JSON.
func (f *follower) restart() *follower {
	text, err := json.Marshal(f.State())
	require.NoError(f.t, err)
	var state tlog.State
	require.NoError(f.t, json.Unmarshal(text, &state))
	require.Equal(f.t, f.State(), state)
	return follow(f.t, f.path, state)
}

// advance reads to the end of the file, and verifies again what had been read before.
func (f *follower) advance() {
	f.t.Helper()
	for range 2 { // a file that was written to, and has not grown at the second look, was changed
		require.NoError(f.t, f.Advance(f.t.Context(), everything))
		require.True(f.t, f.AtEnd())
	}
	done, err := f.Reverify(f.t.Context())
	require.NoError(f.t, err)
	require.True(f.t, done)
	require.NoError(f.t, f.Advance(f.t.Context(), everything))
	require.True(f.t, f.AtEnd())
	_, active := f.Reverification()
	require.False(f.t, active)
}

// requireIntact makes sure that the log has exactly the first n leaves, and that all
// of them are known.
func (f *follower) requireIntact(n int) {
	f.t.Helper()
	require.Empty(f.t, f.Findings())
	require.Equal(f.t, int64(n), f.Size())
	root, known := f.Root()
	require.True(f.t, known)
	hashes := hashesOf(n)
	require.Equal(f.t, treeHash(hashes), root)
	for _, size := range []int{0, 1, n / 3, n / 2, n - n%256, n - 1, n} {
		if size >= 0 && size <= n {
			root, err := f.RootAt(int64(size))
			require.NoError(f.t, err, "size %d", size)
			require.Equal(f.t, treeHash(hashes[:size]), root, "size %d", size)
		}
	}
	for i := range n {
		f.requireLeaf(i)
	}
	_, err := f.Lookup(context.Background(), int64(n))
	require.ErrorIs(f.t, err, tlog.ErrBeyond)
}

func (f *follower) requireLeaf(i int) {
	f.t.Helper()
	entry, err := f.Lookup(context.Background(), int64(i))
	require.NoError(f.t, err, "leaf %d", i)
	require.False(f.t, entry.Corrupt, "leaf %d", i)
	require.Equal(f.t, i%7 != 3, entry.IsBeacon, "leaf %d", i)
	if entry.IsBeacon {
		require.Equal(f.t, fmt.Sprintf("t%d", i), entry.Beacon.TokenID)
		require.Equal(f.t, fmt.Sprintf("é \"%d\"", i), entry.Beacon.UserAgent)
	} else {
		require.Nil(f.t, entry.Beacon)
	}
}

// newLog is the path of a file with this text.
func newLog(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leaves.jsonl")
	overwrite(t, path, text)
	return path
}

func overwrite(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func appendTo(t testing.TB, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// replace renames another file to the path.
func replace(t testing.TB, path, text string) {
	t.Helper()
	overwrite(t, path+".new", text)
	require.NoError(t, os.Rename(path+".new", path))
}

func indexes(from, to int) []int64 {
	var all []int64
	for i := from; i < to; i++ {
		all = append(all, int64(i))
	}
	return all
}
