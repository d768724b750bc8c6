// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

func leafHash(leaf []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, leaf...))
	return sum[:]
}

func nodeHash(left, right []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{1}, left...), right...))
	return sum[:]
}

// rootOf computes the root from the audit path of leaf m in a tree of n leaves,
// as PATH(m, D[n]) of RFC 6962, 2.1.1 is defined.
func rootOf(t *testing.T, m, n int64, leaf []byte, path [][]byte) []byte {
	t.Helper()
	if n == 1 {
		require.Empty(t, path, "the path is too long")
		return leaf
	}
	require.NotEmpty(t, path, "the path is too short")
	k := int64(1) << (bits.Len64(uint64(n-1)) - 1) // the largest power of two below n
	rest, last := path[:len(path)-1], path[len(path)-1]
	if m < k {
		return nodeHash(rootOf(t, m, k, leaf, rest), last)
	}
	return nodeHash(last, rootOf(t, m-k, n-k, leaf, rest))
}

// lineOfLeaf returns the line of a leaf in the log.
func lineOfLeaf(index int64, leaf string) []byte {
	text, _ := json.Marshal(leaf)
	return fmt.Appendf(nil, "{\"index\": %d, \"leaf_hash\": \"%x\", \"leaf_data\": %s, \"leaf_data_hex\": \"%x\"}\n", index, leafHash([]byte(leaf)), text, leaf)
}

// proved is a proof as its users parse it.
type proved struct {
	key string // of the registry; "": registryID

	LeafIndex  int64    `json:"leaf_index"`
	TreeSize   int64    `json:"tree_size"`
	LeafHash   string   `json:"leaf_hash"`
	AuditPath  []string `json:"audit_path"`
	PathFrom   string   `json:"audit_path_from"`
	RootHash   string   `json:"root_hash"`
	Leaf       string   `json:"leaf"`
	SignedHead *struct {
		Size          int64  `json:"size"`
		Root          string `json:"root"`
		Signature     string `json:"signature"`
		SignedMessage string `json:"signed_message"`
	} `json:"signed_head"`
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	require.NoError(t, err)
	return data
}

// check verifies a proof in two ways that share no code with the command.
func (p proved) check(t *testing.T) {
	t.Helper()
	require.Equal(t, unhex(t, p.LeafHash), leafHash([]byte(p.Leaf)))
	path := [][]byte{}
	for _, node := range p.AuditPath {
		path = append(path, unhex(t, node))
	}
	require.Equal(t, unhex(t, p.RootHash), rootOf(t, p.LeafIndex, p.TreeSize, unhex(t, p.LeafHash), path))
	require.NoError(t, proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.LeafIndex), uint64(p.TreeSize), unhex(t, p.LeafHash), path, unhex(t, p.RootHash)))
	if h := p.SignedHead; h != nil {
		require.Equal(t, p.TreeSize, h.Size)
		require.Equal(t, p.RootHash, h.Root)
		require.Equal(t, `{"root":"`+h.Root+`","size":`+fmt.Sprint(h.Size)+`}`, h.SignedMessage)
		require.True(t, ed25519.Verify(unhex(t, cmp.Or(p.key, registryID)), []byte(h.SignedMessage), unhex(t, h.Signature)))
	}
}

func proofOf(t *testing.T, text string) (p proved) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&p))
	return p
}

func (f files) proving(index int64, more ...string) []string {
	return append([]string{"prove", "--tlog", f.leaves, "--index", fmt.Sprint(index)}, more...)
}

func TestProve(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	for _, index := range []int64{0, 1, 2, 127, 128, 255, 256, 400, 511, 512, 575, 576, 623, 624} {
		r := run(t, f.proving(index, "--head", f.head, "--public-key", registryID)...)
		require.Zero(t, r.code, r.stderr)
		assert.Equal(t, fmt.Sprintf("[ok] leaf %d is included in the tree head with 625 leaves, signed by the registry's key\n", index), r.stderr)
		p := proofOf(t, r.stdout)
		assert.Equal(t, index, p.LeafIndex)
		require.NotNil(t, p.SignedHead)
		p.check(t)
		assert.Contains(t, string(all[index]), hex.EncodeToString([]byte(p.Leaf)))
		if index == 400 {
			golden(t, "proof.json", r.stdout)
		}
	}
}

// Without a tree head, for the log as it is, of any size.
func TestProveWithoutHead(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	for size := int64(1); size <= 20; size++ {
		f.write(t, append(all[:size:size], all[size][:100])) // with an incomplete line
		for _, index := range []int64{0, size / 2, size - 1} {
			r := run(t, f.proving(index)...)
			require.Zero(t, r.code, r.stderr)
			assert.Contains(t, r.stderr, "nobody has signed")
			p := proofOf(t, r.stdout)
			assert.Equal(t, size, p.TreeSize)
			assert.Nil(t, p.SignedHead)
			assert.Contains(t, r.stdout, `"signed_head": null`)
			assert.NotContains(t, r.stdout, `"audit_path": null`)
			p.check(t)
		}
	}
}

// The log has grown since the tree head was signed.
func TestProveToAnOlderHead(t *testing.T) {
	f := sample(t)
	all := f.lines(t)
	f.write(t, append(all, lineOfLeaf(625, "{}")))
	r := run(t, f.proving(7, "--head", f.head)...)
	require.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stderr, "whose signature was not checked")
	proofOf(t, r.stdout).check(t)
	r = run(t, f.proving(625, "--head", f.head)...)
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "--index is 625: must be less than 625, the number of leaves of the tree head")
}

func TestProveToAFile(t *testing.T) {
	f := sample(t)
	output := filepath.Join(t.TempDir(), "proof.json")
	r := run(t, f.proving(400, "--head", f.head, "--public-key", registryID, "--output", output)...)
	require.Zero(t, r.code, r.stderr)
	assert.Empty(t, r.stdout)
	golden(t, "proof.json", readFile(t, output))
	for _, there := range []string{output, f.leaves} {
		before := readFile(t, there)
		r = run(t, f.proving(400, "--output", there)...)
		assert.Equal(t, cli.StatusNotChecked, r.code)
		assert.Contains(t, r.stderr, "--output is "+there)
		assert.Equal(t, before, readFile(t, there))
	}
}

// A wrong log, tree head or flag gives no proof.
func TestProveFails(t *testing.T) {
	type change func(*testing.T, files, [][]byte) [][]byte
	edit := func(index int, old, new string) change {
		return func(t *testing.T, _ files, all [][]byte) [][]byte {
			require.Contains(t, string(all[index]), old)
			all[index] = bytes.ReplaceAll(all[index], []byte(old), []byte(new))
			return all
		}
	}
	none := func(_ *testing.T, _ files, all [][]byte) [][]byte { return all }
	for name, c := range map[string]struct {
		change change
		more   []string
		code   int
		want   string
	}{
		"leaf edited":          {edit(400, `"leaf_data_hex": "7b2265`, `"leaf_data_hex": "7b2365`), nil, cli.StatusFindings, "leaf 400"},
		"leaf's hash edited":   {edit(400, `"leaf_hash": "`, `"leaf_hash": "0`), nil, cli.StatusFindings, "leaf 400"},
		"leaf dropped":         {func(_ *testing.T, _ files, all [][]byte) [][]byte { return append(all[:400], all[401:]...) }, nil, cli.StatusFindings, ""},
		"another leaf dropped": {func(_ *testing.T, _ files, all [][]byte) [][]byte { return append(all[:300], all[301:]...) }, nil, 0, ""},
		"log too short":        {func(_ *testing.T, _ files, all [][]byte) [][]byte { return all[:624] }, []string{"--head"}, cli.StatusFindings, "the tree head has 625 leaves, but the log has only 624"},
		"another log": {func(_ *testing.T, _ files, all [][]byte) [][]byte {
			all[300] = lineOfLeaf(300, "{}")
			return all
		}, []string{"--head"}, cli.StatusFindings, "the tree head has root"},
		"not the key":        {none, []string{"--head", "--public-key", edgeID[:62] + "00"}, cli.StatusFindings, "--head"},
		"no key":             {none, []string{"--public-key", "x"}, cli.StatusNotChecked, "--public-key"},
		"no such leaf":       {none, []string{"--index", "625"}, cli.StatusNotChecked, "--index is 625"},
		"no leaf":            {none, []string{"--index", "-1"}, cli.StatusNotChecked, "--index is -1"},
		"index is no number": {none, []string{"--index", "x"}, cli.StatusNotChecked, "--index"},
		"no log":             {none, []string{"--tlog", ""}, cli.StatusNotChecked, "--tlog is required"},
		"no such log":        {none, []string{"--tlog", "none"}, cli.StatusNotChecked, "--tlog none"},
		"no output":          {none, []string{"--output", ""}, cli.StatusNotChecked, "--output is empty"},
		"argument":           {none, []string{"x"}, cli.StatusNotChecked, `"x"`},
	} {
		t.Run(name, func(t *testing.T) {
			f := sample(t)
			all := f.lines(t)
			f.write(t, c.change(t, f, all))
			arguments := f.proving(400)
			for _, argument := range c.more {
				arguments = append(arguments, argument)
				if argument == "--head" {
					arguments = append(arguments, f.head)
				}
			}
			r := run(t, arguments...)
			if c.code == 0 { // or it is found
				assert.NotZero(t, r.code)
			} else {
				assert.Equal(t, c.code, r.code, r.stderr)
			}
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, c.want)
		})
	}
	r := run(t, "prove", "--tlog", sample(t).leaves)
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "--index is required")
	_, err := os.Stat("x")
	assert.Error(t, err)
}
