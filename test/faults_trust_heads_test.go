// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// heads serves the tree heads of a registry. Requests are numbered from 1.
type heads struct {
	*destination
	answer func(request int) []byte
}

// serveHeads makes the collector ask for heads each second.
func (s *trustScene) serveHeads() {
	s.t.Helper()
	s.heads = &heads{answer: func(int) []byte { return s.registry.head(s.registry.size(), s.registry.size()) }}
	s.heads.destination = newDestination(s.t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.heads.mu.Lock()
		defer s.heads.mu.Unlock()
		_, _ = w.Write(s.heads.answer(s.heads.requests))
	}))
	s.keys = append(s.keys, fmt.Sprintf("tree_head: {endpoint: %q, interval: 1s}", s.heads.url))
}

func (h *heads) set(answer func(request int) []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

// waitForHeads waits until the collector has asked for so many more heads. By the time it
// asks for the next one, it has compared the one before.
func (s *trustScene) waitForHeads(n int) {
	s.t.Helper()
	before := s.heads.requestCount()
	s.wait(func() error {
		if now := s.heads.requestCount(); now < before+n {
			return fmt.Errorf("%d requests for heads, then %d", before, now)
		}
		return nil
	})
}

// racingHead is a registry that takes the size of a head first and its root later, while
// up to four leaves are written.
func racingHead() func(r *logRegistry, request int) []byte {
	signed := 0 // leaves that the last head was over
	return func(r *logRegistry, request int) []byte {
		size := max(signed, r.size()-request%5)
		signed = r.size()
		return r.head(size, signed)
	}
}

// honestHead is heads that an honest registry signs.
type honestHead struct {
	name     string
	dialect  dialect.Dialect
	before   func(s *trustScene)
	head     func(r *logRegistry, request int) []byte
	findings []string // that remain, each once
}

// honestHeads has otherKey as the key that a registry uses later.
func honestHeads(otherKey ed25519.PrivateKey) []honestHead {
	return []honestHead{
		{
			name:    "size and root are taken one after the other",
			dialect: dialect.PublicRust,
			head:    racingHead(),
		},
		{
			name:    "zeros for the root of the empty log",
			dialect: dialect.PublicRust,
			before: func(s *trustScene) {
				s.run()
				s.waitForHeads(2)
				s.stop()
			},
			head: func(r *logRegistry, _ int) []byte {
				if r.size() == 0 {
					return signHead(r.key, 0, make([]byte, 32))
				}
				return r.head(r.size(), r.size())
			},
		},
		{
			name:    "the key is rotated",
			dialect: dialect.Newer,
			head: func(r *logRegistry, request int) []byte {
				return signHead(otherKey, r.size(), bytes.Repeat([]byte{byte(request)}, 32))
			},
			findings: []string{"head_signature_invalid"},
		},
		{
			name:    "a leaf is rewritten",
			dialect: dialect.Newer,
			before: func(s *trustScene) {
				s.registry.append(s.registry.generator.Register())
				require.NoError(s.t, os.WriteFile(s.registry.leaves, s.registry.generator.Line(0, s.registry.generator.Register()), 0o600))
			},
			head:     func(r *logRegistry, _ int) []byte { return r.head(r.size(), r.size()) },
			findings: []string{"head_inconsistent"},
		},
	}
}

// Heads that an honest registry signs are no finding, in two runs of the collector, and a
// trouble that lasts is one. A split view is found, also at a size beside the log's.
func TestFaultHonestHeadsAreNotAccused(t *testing.T) {
	_, otherKey, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	for _, c := range honestHeads(otherKey) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newTrustScene(t, t.TempDir(), c.dialect)
			s.innocent = append(s.innocent, c.findings...)
			s.serveHeads()
			s.heads.set(func(request int) []byte { return c.head(s.registry, request) })
			if c.before != nil {
				c.before(s)
			}
			events := 0
			for range 2 {
				s.run()
				for range 2 {
					s.registry.write(20)
					events += 20
					s.waitForEvents(events)
					s.waitForHeads(1)
				}
				s.stop()
			}
			if c.findings == nil || c.findings[0] != "head_inconsistent" {
				s.heads.set(func(int) []byte { return s.registry.fork(s.registry.size(), s.registry.size()) })
				s.innocent = append(s.innocent, "head_inconsistent")
				c.findings = append(c.findings, "head_inconsistent")
			}
			s.run()
			s.waitForKind("head_inconsistent")
			s.waitForHeads(2)
			s.stop()
			_, findings := s.arrivals()
			assert.ElementsMatch(t, c.findings, kindsOf(findings), sentences(findings))
		})
	}
}

// The same with oversight-siem.
func TestFaultHonestHeadsInFiles(t *testing.T) {
	s := newTrustScene(t, t.TempDir(), dialect.PublicRust)
	zeros := signHead(s.registry.key, 0, make([]byte, 32))
	for range 2 {
		kinds, output := s.verify(zeros)
		assert.Empty(t, kinds, output)
		s.registry.write(50)
	}
	size := s.registry.size()
	for behind := range 5 {
		kinds, output := s.verify(s.registry.head(size-behind, size))
		assert.Empty(t, kinds, output)
		kinds, output = s.verify(s.registry.fork(size-behind, size-behind))
		assert.Equal(t, []string{"head_inconsistent"}, kinds, output)
	}
}
