// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// served is the files of a public registry: its log, which tests may damage, and what it
// served.
type served struct {
	leaves, head, proof, key string
}

// servedIndex is the leaf of the proof.
const servedIndex = 17

func servedBy(t *testing.T, registry string) served {
	t.Helper()
	from := filepath.Join(testdata, registry)
	s := served{
		leaves: filepath.Join(t.TempDir(), "leaves.jsonl"), key: publicKeyOf(t, registry),
		head: filepath.Join(from, "signed-head.json"), proof: filepath.Join(from, "tlog-proof-17.json"),
	}
	require.NoError(t, os.WriteFile(s.leaves, []byte(readFile(t, filepath.Join(from, "tlog", "leaves.jsonl"))), 0o600))
	return s
}

// damage changes the lines of the log.
func (s served) damage(t *testing.T, change func(lines [][]byte) [][]byte) {
	t.Helper()
	all := bytes.SplitAfter([]byte(readFile(t, s.leaves)), []byte("\n"))
	require.NoError(t, os.WriteFile(s.leaves, bytes.Join(change(all[:len(all)-1]), nil), 0o600))
}

func (s served) arguments(more ...string) []string {
	return append([]string{"prove", "--tlog", s.leaves, "--index", fmt.Sprint(servedIndex), "--proof", s.proof}, more...)
}

// An intact leaf of a log is proved whatever became of the other lines, with the audit
// path that the registry serves.
func TestProveIntactLeafOfDamagedLog(t *testing.T) {
	for _, registry := range []string{"registry-public", "registry-rust"} {
		for name, change := range map[string]func([][]byte) [][]byte{
			"intact":    func(all [][]byte) [][]byte { return all },
			"destroyed": func(all [][]byte) [][]byte { all[5] = []byte("\x00\xff\n"); return all },
			"missing":   func(all [][]byte) [][]byte { return append(all[:5], all[6:]...) },
			"swapped":   func(all [][]byte) [][]byte { all[5], all[9] = all[9], all[5]; return all },
			"only line": func(all [][]byte) [][]byte { return all[servedIndex : servedIndex+1] },
			"torn":      func(all [][]byte) [][]byte { all[5] = all[5][:40]; return all }, // the next one is glued to it
			"long line": func(all [][]byte) [][]byte { all[5] = append(bytes.Repeat([]byte("x"), 17<<20), '\n'); return all },
			"index used twice": func(all [][]byte) [][]byte {
				all[3] = lineOfLeaf(servedIndex, "{}")
				return all
			},
			"hash declared wrongly": func(all [][]byte) [][]byte {
				all[5] = bytes.Replace(all[5], []byte(`"leaf_hash": "`), []byte(`"leaf_hash": "0`), 1)
				return all
			},
		} {
			t.Run(registry+"/"+name, func(t *testing.T) {
				s := servedBy(t, registry)
				s.damage(t, change)
				r := run(t, s.arguments("--head", s.head, "--public-key", s.key)...)
				require.Zero(t, r.code, r.stderr)
				assert.Contains(t, r.stderr, "signed by the registry's key; the audit path is from the registry's proof\n")
				p := proofOf(t, r.stdout)
				p.key = s.key
				p.check(t)
				assert.Equal(t, "registry_proof", p.PathFrom)
				assert.EqualValues(t, servedIndex, p.LeafIndex)
				require.NotNil(t, p.SignedHead)
				r = run(t, s.arguments()...)
				require.Zero(t, r.code, r.stderr)
				assert.Contains(t, r.stderr, "which nobody has signed")
				proofOf(t, r.stdout).check(t)
			})
		}
	}
}

func TestProveServedFails(t *testing.T) {
	s := servedBy(t, "registry-public")
	text := readFile(t, s.proof)
	head := readFile(t, s.head)
	edited := func(old, new string) string {
		changed := strings.Replace(text, old, new, 1)
		require.NotEqual(t, text, changed, old)
		return writeFile(t, changed)
	}
	none := func(all [][]byte) [][]byte { return all }
	withHead := []string{"--head", s.head, "--public-key", s.key}
	for name, c := range map[string]struct {
		change func([][]byte) [][]byte
		more   []string
		code   int
		want   string
	}{
		"another index":   {none, []string{"--index", "18"}, cli.StatusNotChecked, "--proof is the proof of leaf 17, not of --index 18"},
		"no file":         {none, []string{"--proof", "none"}, cli.StatusNotChecked, "--proof is none"},
		"a directory":     {none, []string{"--proof", t.TempDir()}, cli.StatusNotChecked, "not a regular file"},
		"no proof":        {none, []string{"--proof", writeFile(t, head)}, cli.StatusNotChecked, "must be the response to GET /tlog/proof/17"},
		"an error page":   {none, []string{"--proof", writeFile(t, "<html>")}, cli.StatusNotChecked, "not an inclusion proof"},
		"raced with root": {none, []string{"--proof", edited(`"root":"3565`, `"root":"4565`)}, cli.StatusNotChecked, "request both again"},
		"raced with head": {none, append([]string{"--proof", edited(`"proof":["215d`, `"proof":["315d`)}, withHead...), cli.StatusNotChecked, "request both again"},
		"leaf edited": {func(all [][]byte) [][]byte {
			all[servedIndex] = bytes.Replace(all[servedIndex], []byte("beacon"), []byte("deacon"), 1)
			return all
		}, nil, cli.StatusFindings, "leaf 17 is not the one of --proof"},
		"leaf replaced": {func(all [][]byte) [][]byte {
			all[servedIndex] = lineOfLeaf(servedIndex, "{}")
			return all
		}, withHead, cli.StatusFindings, "leaf 17 is not the one of --proof"},
		"leaf missing": {func(all [][]byte) [][]byte { return all[:servedIndex] }, withHead, cli.StatusFindings, "has no intact line with leaf 17"},
	} {
		t.Run(name, func(t *testing.T) {
			s := servedBy(t, "registry-public")
			s.damage(t, c.change)
			r := run(t, s.arguments(c.more...)...)
			assert.Equal(t, c.code, r.code, r.stderr)
			assert.Contains(t, r.stderr, c.want)
			assert.Empty(t, r.stdout)
		})
	}
}

// A proof in the format of https://c2sp.org/tlog-proof, parsed by its rules.
func TestProveTLogProof(t *testing.T) {
	s := servedBy(t, "registry-rust")
	for name, arguments := range map[string][]string{
		"log":      {"prove", "--tlog", s.leaves, "--index", "17", "--head", s.head, "--public-key", s.key, "--format", "tlog-proof"},
		"registry": s.arguments("--head", s.head, "--public-key", s.key, "--format", "tlog-proof"),
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, arguments...)
			require.Zero(t, r.code, r.stderr)
			checkTLogProof(t, r.stdout, s.key)
		})
	}
	for _, without := range [][]string{{}, {"--head", s.head}, {"--public-key", s.key}} {
		r := run(t, s.arguments(append(without, "--format", "tlog-proof")...)...)
		assert.Equal(t, cli.StatusNotChecked, r.code)
		assert.Contains(t, r.stderr, "pass --head and --public-key")
		assert.Empty(t, r.stdout)
	}
	r := run(t, s.arguments("--format", "xml")...)
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, `--format is "xml": must be json or tlog-proof`)
}

func checkTLogProof(t *testing.T, text, key string) {
	t.Helper()
	decode := func(text string) []byte {
		data, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		return data
	}
	parts := strings.Split(text, "\n\n")
	require.Len(t, parts, 3)
	proof := strings.Split(parts[0], "\n")
	require.Equal(t, "c2sp.org/tlog-proof@v1", proof[0])
	leaf, found := strings.CutPrefix(proof[1], "extra ")
	require.True(t, found)
	require.Equal(t, "index 17", proof[2])
	var path [][]byte
	for _, line := range proof[3:] {
		path = append(path, decode(line))
	}

	checkpoint := strings.Split(parts[1], "\n")
	require.Len(t, checkpoint, 3)
	origin := "oversight-registry/" + key
	require.Equal(t, origin, checkpoint[0])
	size, err := strconv.ParseInt(checkpoint[1], 10, 64)
	require.NoError(t, err)
	root := decode(checkpoint[2])
	require.Equal(t, root, rootOf(t, 17, size, leafHash(decode(leaf)), path))

	line, found := strings.CutPrefix(strings.TrimSuffix(parts[2], "\n"), "— "+origin+" ")
	require.True(t, found)
	signature := decode(line)
	id := sha256.Sum256(fmt.Appendf(nil, "%s\n\xffoversight-protocol tree head%s", origin, unhex(t, key)))
	require.Equal(t, id[:4], signature[:4])
	require.True(t, ed25519.Verify(unhex(t, key), fmt.Appendf(nil, `{"root":"%x","size":%d}`, root, size), signature[4:]))
}
