// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/evidence"
)

// A registry of the tests signs the second bundle of the public Rust registry, which has
// two rows, after a change. It shares no code with what it tests.
var (
	registryPrivate = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	registryPublic  = registryPrivate.Public().(ed25519.PublicKey)
	issuerPrivate   = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize))
)

type object = map[string]any

// canonical is RFC 8785 for what the bundle has: ASCII keys, integers, and no text with
// U+2028.
func canonical(t *testing.T, v any) []byte {
	t.Helper()
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(v))
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

func signHead(t *testing.T, size int, root []byte) object {
	t.Helper()
	message := fmt.Sprintf(`{"root":"%x","size":%d}`, root, size)
	return object{"size": size, "root": hex.EncodeToString(root), "signed_message": message, "signature": hex.EncodeToString(ed25519.Sign(registryPrivate, []byte(message)))}
}

func signManifest(t *testing.T, manifest object) {
	t.Helper()
	manifest["issuer_ed25519_pub"] = hex.EncodeToString(issuerPrivate.Public().(ed25519.PublicKey))
	manifest["signature_ed25519"], manifest["signature_ml_dsa"] = "", ""
	manifest["signature_ed25519"] = hex.EncodeToString(ed25519.Sign(issuerPrivate, canonical(t, manifest)))
}

// served returns the bundle after a change, signed.
func served(t *testing.T, change func(b object)) []byte {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(samples(t)[3].text))
	decoder.UseNumber()
	var b object
	require.NoError(t, decoder.Decode(&b))
	b["registry_pub"] = hex.EncodeToString(registryPublic)
	all := leafHashes(t)
	b["tlog_head"] = signHead(t, len(all), root(all))
	change(b)
	delete(b, "bundle_signature_ed25519")
	b["bundle_signature_ed25519"] = hex.EncodeToString(ed25519.Sign(registryPrivate, canonical(t, b)))
	return canonical(t, b)
}

func row(b object, i int) object { return b["events"].([]any)[i].(object) }

func manifest(b object) object { return b["manifest"].(object) }

func setProof(b object, i, size int, path [][]byte, root []byte) {
	p := b["tlog_proofs"].([]any)[i].(object)["proof"].(object)
	hashes := []any{}
	for _, h := range path {
		hashes = append(hashes, hex.EncodeToString(h))
	}
	p["tree_size"], p["proof"], p["root"] = size, hashes, hex.EncodeToString(root)
}

func index(t *testing.T, b object, i int) int {
	t.Helper()
	n, err := row(b, i)["tlog_index"].(json.Number).Int64()
	require.NoError(t, err)
	return int(n)
}

// leafHashes returns the hashes of the leaves of the registry's log.
func leafHashes(t *testing.T) (all [][]byte) {
	t.Helper()
	f, err := os.Open("../../../../testdata/registry-rust/tlog/leaves.jsonl")
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Data string `json:"leaf_data"`
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
		all = append(all, hash(0, []byte(line.Data)))
	}
	require.NoError(t, lines.Err())
	return all
}

func hash(prefix byte, parts ...[]byte) []byte {
	sum := sha256.Sum256(append([]byte{prefix}, bytes.Join(parts, nil)...))
	return sum[:]
}

// root and path are MTH(D[n]) and PATH(m, D[n]) of RFC 6962, 2.1.
func root(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	return hash(1, root(leaves[:k]), root(leaves[k:]))
}

func path(m int, leaves [][]byte) [][]byte {
	if len(leaves) == 1 {
		return nil
	}
	k := 1 << (bits.Len(uint(len(leaves)-1)) - 1)
	if m < k {
		return append(path(m, leaves[:k]), root(leaves[k:]))
	}
	return append(path(m-k, leaves[k:]), root(leaves[:k]))
}

// grown returns the log after n more leaves.
func grown(t *testing.T, n int) [][]byte {
	t.Helper()
	all := leafHashes(t)
	for i := range n {
		all = append(all, hash(0, fmt.Append(nil, "later leaf ", i)))
	}
	return all
}

// relog gives a row another leaf, in the log of which the head and all proofs are then.
func relog(t *testing.T, b object, i int, leaf string) {
	t.Helper()
	all := leafHashes(t)
	for j := range b["events"].([]any) {
		p := b["tlog_proofs"].([]any)[j].(object)["proof"].(object)
		if i == j {
			p["leaf_hash"] = hex.EncodeToString(hash(0, []byte(leaf)))
		}
		all[index(t, b, j)], _ = hex.DecodeString(p["leaf_hash"].(string))
	}
	b["tlog_head"] = signHead(t, len(all), root(all))
	for j := range b["events"].([]any) {
		setProof(b, j, len(all), path(index(t, b, j), all), root(all))
	}
}

// problem is a problem in short.
func problem(p *evidence.Problem) string {
	return p.Result + " " + p.Check + " row " + p.EventID + " " + p.Fields
}

// signedChange is a change of the bundle, and what is found.
type signedChange struct {
	change func(t *testing.T, b object)
	want   []string
}

var otherHash = bytes.Repeat([]byte{7}, sha256.Size)

var signedChanges = map[string]signedChange{
	"nothing":     {func(*testing.T, object) {}, nil},
	"unknown key": {func(_ *testing.T, b object) { b["schema"] = 2; row(b, 0)["asn"] = "64496" }, nil},
	"manifest without what the first versions did not have": {func(t *testing.T, b object) {
		delete(manifest(b), "l3_policy")
		signManifest(t, manifest(b))
	}, nil},
	"manifest with nulls that were not signed": {func(t *testing.T, b object) {
		signManifest(t, manifest(b))
		manifest(b)["recipient"].(object)["ed25519_pub"] = nil
	}, nil},
	"manifest with a key that was not signed": {func(t *testing.T, b object) {
		signManifest(t, manifest(b))
		manifest(b)["note"] = "x"
	}, []string{"not_proven manifest row  "}},
	"manifest edited":             {func(_ *testing.T, b object) { manifest(b)["issued_at"] = 1 }, []string{"finding manifest row  "}},
	"manifest of another version": {func(_ *testing.T, b object) { manifest(b)["version"] = "OVERSIGHT-v2" }, []string{"not_proven manifest row  "}},
	"manifest of another file": {func(t *testing.T, b object) {
		manifest(b)["file_id"] = "x"
		signManifest(t, manifest(b))
	}, []string{"finding manifest row  "}},

	"row's source edited":    {func(_ *testing.T, b object) { row(b, 1)["source_ip"] = "192.0.2.1" }, []string{"not_proven event row 604 "}},
	"row's time edited":      {func(_ *testing.T, b object) { row(b, 1)["timestamp"] = 1 }, []string{"finding event row 604 timestamp"}},
	"row's recipient edited": {func(_ *testing.T, b object) { row(b, 1)["recipient_id"] = "x" }, []string{"not_proven token row 604 recipient_id", "not_proven event row 604 "}},
	"row's issuer edited":    {func(_ *testing.T, b object) { row(b, 1)["issuer_id"] = "x" }, []string{"not_proven token row 604 issuer_id"}},
	"row of another file":    {func(_ *testing.T, b object) { row(b, 1)["file_id"] = "x" }, []string{"finding event row 604 file_id", "not_proven event row 604 "}},
	"row without leaf": {func(_ *testing.T, b object) {
		row(b, 1)["tlog_index"] = -1
		b["tlog_proofs"] = b["tlog_proofs"].([]any)[:1]
	}, []string{"not_proven proof row 604 "}},
	"row inserted with another's leaf": {func(_ *testing.T, b object) {
		inserted := object{}
		for k, v := range row(b, 0) {
			inserted[k] = v
		}
		inserted["id"] = 0
		b["events"] = append(b["events"].([]any), inserted)
		p := b["tlog_proofs"].([]any)
		b["tlog_proofs"] = append(p, object{"event_row": 2, "tlog_index": inserted["tlog_index"], "proof": p[0].(object)["proof"]})
	}, []string{"finding event row 0 tlog_index"}},
	"token not in the manifest": {func(t *testing.T, b object) {
		manifest(b)["beacons"] = []any{}
		b["beacons"] = []any{}
		signManifest(t, manifest(b))
	}, []string{"not_proven token row 603 token_id", "not_proven token row 604 token_id"}},

	"lone surrogate in a DNS name": {func(t *testing.T, b object) {
		row(b, 0)["kind"], row(b, 0)["extra"] = "dns", `{"qtype": null, "qname": "\ud800.example \u00e9"}`
		relog(t, b, 0, fmt.Sprintf(`{"event":"beacon","file_id":"%s","kind":"dns","qname":"\ud800.example \u00e9","qtype":null,"recipient_id":"%s","source_ip":"%s","timestamp":"%s","token_id":"%s"}`,
			row(b, 0)["file_id"], row(b, 0)["recipient_id"], row(b, 0)["source_ip"], row(b, 0)["qualified_timestamp"], row(b, 0)["token_id"]))
	}, nil},
	"recipient is a number": {func(t *testing.T, b object) {
		manifest(b)["recipient"].(object)["recipient_id"] = 7
		signManifest(t, manifest(b))
		for i := range 2 {
			row(b, i)["recipient_id"], row(b, i)["kind"] = "7", "http_img"
			relog(t, b, i, fmt.Sprintf(`{"event":"beacon","file_id":"%s","kind":"%s","recipient_id":7,"source_ip":"%s","timestamp":"%s","token_id":"%s","user_agent":%s}`,
				row(b, i)["file_id"], row(b, i)["kind"], row(b, i)["source_ip"], row(b, i)["qualified_timestamp"], row(b, i)["token_id"], canonical(t, row(b, i)["user_agent"])))
		}
	}, nil},

	"recipient and issuer are no text": {func(t *testing.T, b object) {
		manifest(b)["recipient"].(object)["recipient_id"], manifest(b)["issuer_id"] = true, json.Number("7.50")
		signManifest(t, manifest(b))
		for i := range 2 {
			row(b, i)["recipient_id"], row(b, i)["issuer_id"], row(b, i)["kind"] = "1", "7.5", "http_img"
			relog(t, b, i, fmt.Sprintf(`{"event":"beacon","file_id":"%s","kind":"%s","recipient_id":true,"source_ip":"%s","timestamp":"%s","token_id":"%s","user_agent":%s}`,
				row(b, i)["file_id"], row(b, i)["kind"], row(b, i)["source_ip"], row(b, i)["qualified_timestamp"], row(b, i)["token_id"], canonical(t, row(b, i)["user_agent"])))
		}
	}, nil},

	"no head": {func(_ *testing.T, b object) { b["tlog_head"] = nil }, []string{"not_proven tree_head row  "}},
	"unsigned head": {func(_ *testing.T, b object) {
		h := b["tlog_head"].(object)
		h["signature"], h["signed_message"] = "", ""
	}, []string{"not_proven tree_head row  "}},
	"head of another key": {func(_ *testing.T, b object) {
		b["tlog_head"].(object)["signature"] = hex.EncodeToString(ed25519.Sign(issuerPrivate, []byte(b["tlog_head"].(object)["signed_message"].(string))))
	}, []string{"finding tree_head row  "}},
	"no proof":              {func(_ *testing.T, b object) { b["tlog_proofs"] = b["tlog_proofs"].([]any)[1:] }, []string{"not_proven proof row 603 "}},
	"proof of another leaf": {func(_ *testing.T, b object) { row(b, 0)["tlog_index"] = 3 }, []string{"finding proof row 603 "}},

	"race: the head has the root of a later tree": {func(t *testing.T, b object) {
		all := grown(t, 2)
		b["tlog_head"] = signHead(t, len(all)-2, root(all))
		for i := range 2 {
			setProof(b, i, len(all), path(index(t, b, i), all), root(all))
		}
	}, nil},
	"race: the log grew after the head": {func(t *testing.T, b object) {
		all := grown(t, 1)
		setProof(b, 1, len(all), path(index(t, b, 1), all), root(all))
	}, []string{"not_proven proof row 604 "}},
	"race: the path is of the head, root and size are of later trees": {func(t *testing.T, b object) {
		setProof(b, 0, len(grown(t, 3)), path(index(t, b, 0), leafHashes(t)), root(grown(t, 2)))
	}, nil},
	"race: path, root and size are of three trees": {func(t *testing.T, b object) {
		setProof(b, 0, len(grown(t, 3)), path(index(t, b, 0), grown(t, 1)), root(grown(t, 2)))
		all := grown(t, 4)
		setProof(b, 1, len(all), path(index(t, b, 1), all), root(all))
	}, []string{"not_proven proof row 603 ", "not_proven proof row 604 "}},
	"race at the last proof": {func(t *testing.T, b object) {
		setProof(b, 1, len(grown(t, 3)), path(index(t, b, 1), grown(t, 1)), root(grown(t, 2)))
	}, []string{"not_proven proof row 604 "}},
	"invalid proof while the log does not grow": {func(t *testing.T, b object) {
		all := leafHashes(t)
		wrong := path(index(t, b, 0), all)
		wrong[0] = otherHash
		setProof(b, 0, len(all), wrong, root(all))
	}, []string{"finding proof row 603 "}},
	"another tree of the head's size": {func(t *testing.T, b object) {
		all := leafHashes(t)
		all[1] = otherHash
		setProof(b, 0, len(all), path(index(t, b, 0), all), root(all))
	}, []string{"finding proof row 603 "}},
}

// What a registry signs that contradicts itself is a finding. What crashes, races,
// restores and newer versions explain is not proven.
func TestSignedChanges(t *testing.T) {
	for name, c := range signedChanges {
		t.Run(name, func(t *testing.T) {
			text := served(t, func(b object) { c.change(t, b) })
			r, err := evidence.Check(text, evidence.Keys{Registry: registryPublic})
			require.NoError(t, err)
			var got []string
			for i := range r.Problems {
				got = append(got, problem(&r.Problems[i]))
			}
			assert.Equal(t, c.want, got)
			assert.Equal(t, evidence.SignatureValid, r.Summary.Signature)
		})
	}
}

func TestIssuerKey(t *testing.T) {
	text := served(t, func(b object) { signManifest(t, manifest(b)) })
	r, err := evidence.Check(text, evidence.Keys{Registry: registryPublic, Issuer: issuerPrivate.Public().(ed25519.PublicKey)})
	require.NoError(t, err)
	assert.Empty(t, r.Problems)
	r, err = evidence.Check(text, evidence.Keys{Registry: registryPublic, Issuer: registryPublic})
	require.NoError(t, err)
	require.Len(t, r.Problems, 1)
	assert.Equal(t, "finding manifest row  ", problem(&r.Problems[0]))
}

// Another registry's key, or none.
func TestRegistryKey(t *testing.T) {
	text := served(t, func(object) {})
	r, err := evidence.Check(text, evidence.Keys{})
	require.NoError(t, err)
	assert.Equal(t, evidence.SignatureNotChecked, r.Summary.Signature)
	assert.Equal(t, evidence.SignatureNotChecked, r.Summary.Head)
	assert.Zero(t, r.Summary.Findings)
	assert.EqualValues(t, 1, r.Summary.NotProven)
	r, err = evidence.Check(text, evidence.Keys{Registry: issuerPrivate.Public().(ed25519.PublicKey)})
	require.NoError(t, err)
	assert.Equal(t, evidence.SignatureInvalid, r.Summary.Signature)
	assert.Equal(t, evidence.SignatureInvalid, r.Summary.Head)
}

// What is no bundle is an error, which says nothing about the registry. Deep values do
// not cost memory.
func TestNoBundle(t *testing.T) {
	valid := samples(t)[3].text
	for name, text := range map[string][]byte{
		"nothing":      nil,
		"error page":   []byte("<html>"),
		"error":        []byte(`{"error":"unknown file_id"}`),
		"cut":          valid[:len(valid)-1],
		"two":          append(bytes.Clone(valid), valid...),
		"repeated key": bytes.Replace(valid, []byte("{"), []byte(`{"file_id":"x",`), 1),
		"deep":         append([]byte(`{"x":`), bytes.Repeat([]byte("["), 1<<20)...),
		"surrogate":    bytes.Replace(valid, []byte(`report`), []byte(`\ud800`), 1),
		"bad UTF-8":    bytes.Replace(valid, []byte(`report`), []byte("\xff"), 1),
		"row is a number": served(t, func(b object) {
			b["events"] = []any{1}
		}),
		"proof of no row": served(t, func(b object) {
			b["tlog_proofs"].([]any)[0].(object)["event_row"] = 2
		}),
		"two proofs of a row": served(t, func(b object) {
			b["tlog_proofs"].([]any)[0].(object)["event_row"] = 1
		}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := evidence.Check(text, evidence.Keys{Registry: registryPublic})
			require.ErrorContains(t, err, "not an evidence bundle")
		})
	}
}
