// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/evidence"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// sample is a bundle as a public registry served it.
type sample struct {
	name   string
	text   []byte
	keys   evidence.Keys
	events int64
}

// samples returns two bundles of the public Python registry and two of the public Rust
// registry.
func samples(tb testing.TB) (all []sample) {
	tb.Helper()
	for _, s := range []sample{
		{name: "registry-public/evidence-1.json", events: 44},
		{name: "registry-public/evidence-2.json", events: 54},
		{name: "registry-rust/evidence-1.json", events: 36},
		{name: "registry-rust/evidence-2.json", events: 2},
	} {
		path := filepath.Join("../../../../testdata", s.name)
		var err error
		s.text, err = os.ReadFile(path)
		require.NoError(tb, err)
		s.keys.Registry = registryKey(tb, filepath.Dir(path))
		all = append(all, s)
	}
	return all
}

func registryKey(tb testing.TB, dir string) ed25519.PublicKey {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "well-known.json"))
	require.NoError(tb, err)
	var wellKnown struct {
		Key string `json:"ed25519_pub"`
	}
	require.NoError(tb, json.Unmarshal(text, &wellKnown))
	key, err := tlog.ParsePublicKey(wellKnown.Key)
	require.NoError(tb, err)
	return key
}

func TestSamples(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			r, err := evidence.Check(s.text, s.keys)
			require.NoError(t, err)
			assert.Empty(t, r.Problems)
			assert.Equal(t, evidence.SignatureValid, r.Summary.Signature)
			assert.Equal(t, evidence.SignatureValid, r.Summary.Head)
			assert.Equal(t, evidence.SignatureValid, r.Summary.Manifest)
			for _, n := range []int64{r.Summary.Events, r.Summary.MatchLeaf, r.Summary.Included, r.Summary.MatchTokens} {
				assert.Equal(t, s.events, n)
			}
		})
	}
}

// everyByte, set to anything in the environment, makes TestEveryByte change each byte of
// each bundle, which takes minutes: without it, the large ones have every 101st changed.
const everyByte = "OVERSIGHT_TEST_EVERY_BYTE"

// Each single byte of each bundle is changed, and every change is found: the bundle is
// no longer one, or there is a finding. A change that leaves the JSON value as it is,
// such as another way to write a character, is none.
func TestEveryByte(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			step := 101
			if len(s.text) < 10_000 || os.Getenv(everyByte) != "" {
				step = 1
			}
			var want any
			require.NoError(t, json.Unmarshal(s.text, &want))
			var wg sync.WaitGroup
			workers := runtime.GOMAXPROCS(0)
			for worker := range workers {
				wg.Go(func() {
					text := bytes.Clone(s.text)
					for i := worker * step; i < len(text); i += workers * step {
						for _, changed := range changes(text[i]) {
							text[i] = changed
							checkFound(t, s, want, text, i)
						}
						text[i] = s.text[i]
					}
				})
			}
			wg.Wait()
		})
	}
}

// changes returns what a byte is changed to: a byte that keeps most JSON valid.
func changes(b byte) []byte {
	switch {
	case '0' <= b && b <= '8':
		return []byte{b + 1}
	case b == '9':
		return []byte{'1'}
	default:
		return []byte{b ^ 1}
	}
}

func checkFound(t *testing.T, s sample, want any, text []byte, at int) {
	t.Helper()
	r, err := evidence.Check(text, s.keys)
	if err != nil || r.Summary.Findings > 0 {
		return
	}
	var got any
	if json.Unmarshal(text, &got) != nil || !assert.ObjectsAreEqual(want, got) {
		t.Errorf("byte %d changed from %q to %q, and nothing was found", at, s.text[at], text[at])
	}
}

func BenchmarkCheck(b *testing.B) {
	s := samples(b)[1]
	for b.Loop() {
		_, err := evidence.Check(s.text, s.keys)
		require.NoError(b, err)
	}
}
