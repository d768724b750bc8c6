// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// generateRegistry writes a registry with a log and a signed head.
func generateRegistry(tb testing.TB, events int, more ...string) files {
	tb.Helper()
	dir := tb.TempDir()
	f := files{filepath.Join(dir, "registry.sqlite"), filepath.Join(dir, "tlog", registrygen.LeavesFile), filepath.Join(dir, registrygen.HeadFile), ""}
	arguments := append([]string{"--db", f.database, "--seed", "7", "--count", fmt.Sprint(events)}, more...)
	output, err := exec.Command(oversightgen, arguments...).CombinedOutput()
	require.NoError(tb, err, string(output))
	f.key = publicKey(tb, dir)
	then := time.Now().Add(-time.Hour)
	require.NoError(tb, os.Chtimes(f.leaves, then, then))
	return f
}

// publicKey returns the key of a generated registry.
func publicKey(tb testing.TB, dir string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(dir, registrygen.WellKnownFile))
	require.NoError(tb, err)
	var identity struct {
		Key string `json:"ed25519_pub"`
	}
	require.NoError(tb, json.Unmarshal(text, &identity))
	return identity.Key
}

// Each kind of damage has its findings.
func TestVerifyDamage(t *testing.T) {
	for _, kind := range registrygen.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			f := generateRegistry(t, 300, "--bulk")
			before := readFile(t, f.head)
			require.Zero(t, verifyJSON(t, f.arguments()).code)
			damage, err := registrygen.Tamper(t.Context(), registrygen.Settings{
				Database: f.database, TlogDir: filepath.Dir(f.leaves), Seed: 7, Start: registrygen.DefaultStart,
			}, kind, registrygen.TamperOptions{})
			require.NoError(t, err)
			f.age(t, time.Hour)

			v := verifyJSON(t, f.arguments())
			assert.ElementsMatch(t, damage.Findings, v.kinds(), "%s\n%v", damage, v.strings())
			if len(v.findings) == 0 {
				require.Zero(t, v.code)
			}
			v.requireStatus(t, &damage)

			// An older tree head shows that the whole log was rewritten.
			require.NoError(t, os.WriteFile(f.head, []byte(before), 0o600))
			if kind == registrygen.LogRewritten {
				assert.Equal(t, []string{"head_inconsistent"}, verifyJSON(t, f.arguments()).kinds())
			}
		})
	}
}

// requireStatus makes sure that the rows that were damaged have the status that the damage
// says.
func (v verified) requireStatus(t *testing.T, damage *registrygen.Damage) {
	t.Helper()
	switch rows := damage.LastRow - damage.FirstRow + 1; damage.Status {
	case "":
	case "verified":
		assert.Equal(t, v.summary.Rows, v.summary.Verified)
	case "unavailable": // the finding is about the leaf
		assert.Equal(t, rows, v.summary.Unavailable)
		assert.Equal(t, map[int64]bool{damage.FirstLeaf: true}, v.covered("leaf_corrupt"))
	default:
		for id := damage.FirstRow; id <= damage.LastRow; id++ {
			i := slices.IndexFunc(v.findings, func(f found) bool { return f.EventID == strconv.FormatInt(id, 10) })
			require.GreaterOrEqual(t, i, 0, "row %d", id)
			assert.Equal(t, damage.Status, v.findings[i].Status)
			if damage.Mismatch != "" {
				assert.Equal(t, []string{damage.Mismatch}, v.findings[i].Mismatch)
			}
		}
	}
}

// kinds returns the kinds of the findings and records, each once.
func (v verified) kinds() (kinds []string) {
	for _, f := range slices.Concat(v.findings, v.records) {
		if !slices.Contains(kinds, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}
