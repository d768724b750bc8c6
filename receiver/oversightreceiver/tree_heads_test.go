// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// key is that of the registry, which the public key in the configuration belongs to.
func (a *logSetup) key() ed25519.PrivateKey {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(a.settings.Database), registrygen.IdentityFile))
	require.NoError(a.t, err)
	var identity struct {
		Private string `json:"ed25519_priv"`
	}
	require.NoError(a.t, json.Unmarshal(text, &identity))
	seed, err := hex.DecodeString(identity.Private)
	require.NoError(a.t, err)
	return ed25519.NewKeyFromSeed(seed)
}

func signedHead(key ed25519.PrivateKey, size int64, root string) string {
	message := fmt.Sprintf(`{"root":%q,"size":%d}`, root, size)
	return fmt.Sprintf(`{"size":%d,"root":%q,"signature":"%x","signed_message":%q}`, size, root, ed25519.Sign(key, []byte(message)), message)
}

// A registry that takes the size first and the root later, as the public ones do, while
// leaves are written, is accused of nothing. One that shows another log is.
func TestRegistryThatSignsUnderARace(t *testing.T) {
	a := newLogSetup(t, 30)
	key := a.key()
	var heads atomic.Int64
	var split atomic.Bool
	a.serveHeads(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before, err := a.registry.Head()
		assert.NoError(t, err)
		for range heads.Add(1) % 5 { // the root waits for those that write
			_, err := a.registry.WriteEvent(r.Context())
			assert.NoError(t, err)
		}
		after, err := a.registry.Head()
		assert.NoError(t, err)
		root := hex.EncodeToString(after.Root[:])
		if split.Load() {
			root = strings.Repeat("5a", 32)
		}
		_, _ = w.Write([]byte(signedHead(key, before.Size, root)))
	}))
	stop := a.run()
	a.waitForLog("The registry signed a tree head with the root of another size nearby: it takes size and root one after the other while leaves are written. The head counts for the size of its root", 1)
	require.Eventually(t, func() bool { return heads.Load() >= 6 }, patience, time.Millisecond)
	stop()
	assert.Empty(t, a.records.kinds())
	assert.Contains(t, a.memory.stateOf("log"), `"heads":[{"size":`)

	split.Store(true)
	a.run()
	a.waitForKinds(translator.IntegrityHeadInconsistent)
	a.waitForHeads(&heads, 3)
	_, findings := a.records.all()
	assert.Len(t, findings, 1, "for all heads of that state")
}

// waitForHeads waits for more heads to be served.
func (a *logSetup) waitForHeads(served *atomic.Int64, more int64) {
	a.t.Helper()
	until := served.Load() + more
	require.Eventually(a.t, func() bool { return served.Load() >= until }, patience, time.Millisecond)
}

// What proves nothing is logged once, however long it lasts, and is no finding.
func TestHeadsThatProveNothing(t *testing.T) {
	for name, c := range map[string]struct{ body, message string }{
		"unsigned":   {`{"size":1,"root":"` + strings.Repeat("ab", 32) + `"}`, "The registry sent an unsigned tree head. It proves nothing and is not compared with the transparency log; a registry without an identity does not sign"},
		"error page": {"<html>", "The registry sent an invalid tree head; it is not compared with the transparency log"},
		"endless":    {strings.Repeat("x", 1<<20), "Failed to fetch a tree head; retrying. Until then the transparency log is not compared with what the registry signed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newLogSetup(t, 3)
			var heads atomic.Int64
			a.serveHeads(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				heads.Add(1)
				_, _ = w.Write([]byte(c.body))
			}))
			stop := a.run()
			a.waitForLog(c.message, 1)
			a.waitForHeads(&heads, 4)
			stop()
			a.waitForLog(c.message, 1)
			assert.Empty(t, a.records.kinds())
		})
	}
}

// An answer that is no head is logged once, however long it lasts.
func TestHeadLogOfADay(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	telemetry, err := newTelemetry(receivertest.NewNopSettings(metadata.Type))
	require.NoError(t, err)
	now := time.Unix(1767225600, 0)
	settings := logSettings{logger: zap.New(core), telemetry: telemetry}
	settings.Now = func() time.Time { return now }
	heads := newHeadLog(&settings)
	for range 24 * time.Hour / (5 * time.Minute) {
		heads.logMalformed(t.Context(), errors.New("no tree head"))
		now = now.Add(5 * time.Minute)
	}
	assert.Equal(t, 1, logs.Len())
}

// A registry that does not answer gets one request at a time, and a limited time for it.
func TestOneRequestAtATime(t *testing.T) {
	var active, requests, most atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		most.Store(max(most.Load(), active.Add(1)))
		<-r.Context().Done()
		active.Add(-1)
	}))
	t.Cleanup(server.Close)
	fetcher, err := treehead.New(http.DefaultClient, server.URL)
	require.NoError(t, err)
	core, logs := observer.New(zap.InfoLevel)
	telemetry, err := newTelemetry(receivertest.NewNopSettings(metadata.Type))
	require.NoError(t, err)
	heads := &treeHeads{
		fetcher: fetcher, interval: 50 * time.Millisecond, timeout: 30 * time.Millisecond,
		logger: zap.New(core), telemetry: telemetry, bodies: make(chan []byte, 1), failing: newStateLine(),
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { heads.run(ctx); close(done) }()
	require.Eventually(t, func() bool { return requests.Load() >= 5 }, patience, time.Millisecond)
	cancel()
	<-done
	assert.EqualValues(t, 1, most.Load())
	assert.Equal(t, 1, logs.Len())
}

// Collectors that start at once ask at different times.
func TestStartDelay(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		delay := startDelay(5 * time.Minute)
		assert.Less(t, delay, time.Minute)
		seen[delay] = true
		assert.Less(t, startDelay(time.Second), time.Second)
	}
	assert.Greater(t, len(seen), 90)
	assert.Zero(t, startDelay(0))
}
