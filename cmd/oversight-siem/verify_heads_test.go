// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// headsFixture is the sample with a key of its own, and the roots of its log, made
// without the code under test.
type headsFixture struct {
	files
	key   ed25519.PrivateKey
	roots []string
}

func newHeadsFixture(t *testing.T) *headsFixture {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h := &headsFixture{files: sample(t), key: key}
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	empty := sha256.Sum256(nil)
	h.roots = append(h.roots, hex.EncodeToString(empty[:]))
	for _, line := range strings.Split(strings.TrimSpace(readFile(t, h.leaves)), "\n") {
		var leaf struct {
			Data string `json:"leaf_data_hex"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &leaf))
		data, err := hex.DecodeString(leaf.Data)
		require.NoError(t, err)
		require.NoError(t, tree.Append(rfc6962.DefaultHasher.HashLeaf(data), nil))
		root, err := tree.GetRootHash(nil)
		require.NoError(t, err)
		h.roots = append(h.roots, hex.EncodeToString(root))
	}
	return h
}

func (h *headsFixture) signed(size int, root string) string {
	message := fmt.Sprintf(`{"root":%q,"size":%d}`, root, size)
	return fmt.Sprintf(`{"size":%d,"root":%q,"signature":"%x","signed_message":%q}`, size, root, ed25519.Sign(h.key, []byte(message)), message)
}

// verify compares the heads of a file with the log.
func (h *headsFixture) verify(t *testing.T, text string, more ...string) result {
	t.Helper()
	path := filepath.Join(t.TempDir(), "heads.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	key := hex.EncodeToString(h.key.Public().(ed25519.PublicKey))
	return run(t, append([]string{"verify", "--db", h.database, "--tlog", h.leaves, "--registry-id", key, "--heads", path}, more...)...)
}

func TestVerifyManyHeads(t *testing.T) {
	h := newHeadsFixture(t)
	other := *h
	_, other.key, _ = ed25519.GenerateKey(nil)
	good := []string{h.signed(625, h.roots[625]), h.signed(1, h.roots[1]), h.signed(256, h.roots[256]), h.signed(0, h.roots[0])}
	raced := h.signed(300, h.roots[304])
	bad := []string{
		h.signed(300, strings.Repeat("ab", 32)), other.signed(625, h.roots[625]), h.signed(900, h.roots[625]),
		h.signed(301, strings.Repeat("cd", 32)),
	}

	r := h.verify(t, strings.Join(append(good, raced), "\n")+"\n")
	assert.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "other heads                5\n  matched                  4\n  raced                    1\n")
	assert.Contains(t, r.stdout, "head 5       raced              size 300, root "+h.roots[304]+", which is that of size 304\n")
	assert.Contains(t, r.stdout, "head 2       matched            size 1, root "+h.roots[1]+"\n")

	r = h.verify(t, "["+strings.Join(append(append([]string{}, bad...), good...), ", ")+"]", "--json")
	assert.Equal(t, cli.StatusFindings, r.code)
	var results, kinds []string
	for _, line := range strings.Split(strings.TrimSpace(r.stdout), "\n") {
		var object struct {
			Head *struct{ Result string }
			Kind string `json:"integrity_kind"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &object))
		switch {
		case object.Head != nil:
			results = append(results, object.Head.Result)
		case object.Kind != "":
			kinds = append(kinds, object.Kind)
		}
	}
	assert.Equal(t, []string{"inconsistent", "signature_invalid", "too_large", "inconsistent", "matched", "matched", "matched", "matched"}, results)
	assert.Equal(t, []string{"head_inconsistent", "head_signature_invalid", "head_not_compared", "head_inconsistent"}, kinds, "each has its own")
	assert.Contains(t, r.stdout, `"heads":{"heads":8,"heads_by_result":{"inconsistent":2,"matched":4,"signature_invalid":1,"too_large":1}}`)

	r = h.verify(t, good[0]+"\n"+`{"size":625,"root":"`+h.roots[625]+`"}`)
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "no findings, but 1 of the tree heads of --heads are unsigned and prove nothing")
	assert.Contains(t, r.stdout, "head 2       unsigned           size 625")

	r = h.verify(t, good[0], "--registry-id", "short")
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "no findings, but the signatures of the tree heads of --heads were not checked")
}

// Heads from before a log was rewritten say where it was: between the last that still
// agrees and the first that does not.
func TestVerifyHeadsOfRewrittenLog(t *testing.T) {
	h := newHeadsFixture(t)
	heads := func(sizes ...int) (text string) {
		for _, size := range sizes {
			text = h.signed(size, h.roots[size]) + "\n" + text
		}
		return text
	}
	r := h.verify(t, heads(100, 321, 322, 625))
	assert.Zero(t, r.code, r.stderr)
	assert.NotContains(t, r.stdout, "log changed at")

	lines := strings.SplitAfter(readFile(t, h.leaves), "\n")
	lines[321] = string(lineOfLeaf(321, `{"event":"beacon","file_id":"another"}`)) // and its hash with it
	h.leaves = filepath.Join(t.TempDir(), "leaves.jsonl")
	require.NoError(t, os.WriteFile(h.leaves, []byte(strings.Join(lines, "")), 0o600))
	for _, c := range []struct{ heads, want string }{
		{heads(100, 321, 322, 625), "leaf 321: the log agrees with the head of 321 leaves, and not with that of 322"},
		{heads(300, 350, 100, 625), "one of the leaves 300 to 349: the log agrees with the head of 300 leaves, and not with that of 350"},
		{heads(625), "one of the leaves 0 to 624: the log agrees with the head of 0 leaves, and not with that of 625"},
	} {
		r := h.verify(t, c.heads)
		assert.Equal(t, cli.StatusFindings, r.code, c.want)
		assert.Contains(t, r.stdout, "log changed at             "+c.want+"\n")
	}
	r = h.verify(t, heads(300, 350), "--json")
	assert.Contains(t, r.stdout, `"first_change":{"first_leaf":300,"last_leaf":349}`)
	r = h.verify(t, h.signed(400, strings.Repeat("ab", 32))+"\n"+h.signed(300, strings.Repeat("ab", 32))+"\n"+heads(310))
	assert.NotContains(t, r.stdout, "log changed at", "no log has both")
}

// A file of the wrong kind is an error that names the head.
func TestVerifyHeadsSyntax(t *testing.T) {
	h := newHeadsFixture(t)
	good := h.signed(625, h.roots[625])
	for text, want := range map[string]string{
		"":                        "the file has no tree heads",
		"[]":                      "the file has no tree heads",
		"\n \n":                   "the file has no tree heads",
		good + "\n<html>\n":       "head 2: must be the response to GET /tlog/head",
		good + "\n" + good[:50]:   "head 2: must be the response to GET /tlog/head",
		"[" + good + ", " + good:  "head 3: must be the response to GET /tlog/head",
		"[" + good + "," + "[]]":  "head 2: must be the response to GET /tlog/head: not a signed tree head",
		"{\"size\":1}\n" + good:   "head 1: must be the response to GET /tlog/head: not a signed tree head: it lacks root",
		good + " 5":               "head 2: must be the response to GET /tlog/head: not a signed tree head: it is not a JSON object",
		"[" + good + "] [" + good: "head 2: must be the response to GET /tlog/head",
	} {
		r := h.verify(t, text)
		assert.Equal(t, cli.StatusNotChecked, r.code, text)
		assert.Contains(t, r.stderr, want, text)
		assert.Empty(t, r.stdout)
	}
	r := h.verify(t, good, "--heads", t.TempDir())
	assert.Equal(t, cli.StatusNotChecked, r.code)
	assert.Contains(t, r.stderr, "not a regular file")
}

// The heads of public registries' samples, and what others said of them.
func TestVerifySampleHeads(t *testing.T) {
	for _, sample := range []string{"registry-public", "registry-rust"} {
		dir := filepath.Join("..", "..", "testdata", sample)
		var identity struct {
			Key string `json:"ed25519_pub"`
		}
		require.NoError(t, json.Unmarshal([]byte(readFile(t, filepath.Join(dir, "well-known.json"))), &identity))
		r := run(t, "verify", "--db", filepath.Join(dir, "registry.sqlite"), "--tlog", filepath.Join(dir, "tlog"),
			"--registry-id", identity.Key, "--heads", filepath.Join(dir, "signed-head.json"))
		assert.Contains(t, r.stdout, "other heads                1\n  matched                  1\n", r.stderr)
	}
}
