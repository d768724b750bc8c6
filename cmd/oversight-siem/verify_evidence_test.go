// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/evidence"
)

// publicKeyOf returns the key of the registry whose files are in a directory of testdata.
func publicKeyOf(t *testing.T, directory string) string {
	t.Helper()
	return object(t, readFile(t, filepath.Join(testdata, directory, "well-known.json")))["ed25519_pub"].(string)
}

func TestVerifyEvidence(t *testing.T) {
	for _, registry := range []string{"registry-public", "registry-rust"} {
		for _, bundle := range []string{"evidence-1.json", "evidence-2.json"} {
			path := filepath.Join(testdata, registry, bundle)
			r := run(t, "verify-evidence", path, "--public-key", publicKeyOf(t, registry))
			assert.Zero(t, r.code, r.stderr)
			assert.Contains(t, r.stderr, "[ok] verified the evidence bundle of file ")
			r = run(t, "verify-evidence", path)
			assert.Equal(t, cli.StatusNotChecked, r.code)
			assert.Contains(t, r.stderr, "pass the registry's key with --public-key")
			r = run(t, "verify-evidence", path, "--public-key", registryID)
			assert.Equal(t, cli.StatusFindings, r.code)
		}
	}
}

func TestVerifyEvidenceJSON(t *testing.T) {
	text := readFile(t, filepath.Join(testdata, "registry-public", "evidence-1.json"))
	changed := strings.Replace(text, `"source_ip":"::ffff:192.0.2.1"`, `"source_ip":"192.0.2.7\u001b"`, 1)
	require.NotEqual(t, text, changed)
	arguments := []string{"verify-evidence", writeFile(t, changed), "--public-key", publicKeyOf(t, "registry-public")}
	r := run(t, append(arguments, "--json")...)
	assert.Equal(t, cli.StatusFindings, r.code, r.stderr)
	all := lines(t, r.stdout)
	require.Len(t, all, 3)
	var first, second evidence.Problem
	var last struct{ Summary evidence.Summary }
	for i, into := range []any{&first, &second, &last} {
		require.NoError(t, json.Unmarshal([]byte(all[i]), into))
	}
	assert.Equal(t, evidence.CheckSignature, first.Check)
	assert.Equal(t, evidence.ResultFinding, first.Result)
	assert.Equal(t, evidence.CheckEvent, second.Check)
	assert.Equal(t, evidence.ResultNotProven, second.Result)
	assert.Equal(t, "29", second.EventID)
	require.NotNil(t, second.Index)
	assert.EqualValues(t, 40, *second.Index)
	assert.EqualValues(t, 43, last.Summary.MatchLeaf)
	assert.EqualValues(t, 1, last.Summary.Findings)
	r = run(t, arguments...)
	assert.Contains(t, r.stdout, "\nnot_proven  event             row 29        the hash of the row's leaf")
}

func TestVerifyEvidenceRefuses(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	require.NoError(t, os.WriteFile(large, nil, 0o600))
	require.NoError(t, os.Truncate(large, evidence.MaxSize+1))
	bundle := filepath.Join(testdata, "registry-public", "evidence-1.json")
	for want, arguments := range map[string][]string{
		"pass the FILE with the evidence bundle": {},
		`unexpected argument "b"`:                {"a", "b"},
		"no such file":                           {"none"},
		"not a regular file":                     {t.TempDir()},
		"larger than 67108864 bytes":             {large},
		"not an evidence bundle":                 {writeFile(t, `{"detail":"unknown file_id"}`)},
		`--public-key is "x"`:                    {bundle, "--public-key", "x"},
		`--issuer-key is "x"`:                    {bundle, "--issuer-key", "x"},
	} {
		r := run(t, append([]string{"verify-evidence"}, arguments...)...)
		assert.Equal(t, cli.StatusNotChecked, r.code, want)
		assert.Contains(t, r.stderr, want)
		assert.Empty(t, r.stdout)
	}
}
