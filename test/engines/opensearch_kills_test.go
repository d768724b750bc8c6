// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// 100,000 events reach their data stream while the collector is killed again and again,
// before the node gets a request, while it stores one, and before its answer arrives:
// every event is there once. Dozens of them arrive twice.
func TestOpenSearchStoresEventsOnceAcrossKills(t *testing.T) {
	const seed, rows, kills = 14, 100_000, 8
	s := newSearchSetup(t, dataStream, generateRegistry(t, rows, "--seed", "14"))
	proxy := s.node.NewProxy(t)
	s.endpoint = proxy.URL
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range kills {
		collector := s.start()
		due, moment := int32(1+random.IntN(15)), killMoments[i%len(killMoments)]
		var requests atomic.Int32
		killed := make(chan struct{})
		proxy.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
			if !isBulk(r) || requests.Add(1) != due {
				return false
			}
			defer close(killed)
			moment(w, r, forward, collector.Kill)
			return true
		})
		select {
		case <-killed:
		case <-time.After(waitTimeout):
			require.Fail(t, "the collector sent too few requests", "kill %d waits for number %d, of %d", i+1, due, requests.Load())
		}
	}
	proxy.Intercept(nil)
	before := s.stored()
	require.Positive(t, before.whole, "events that were stored before the last start")
	require.Less(t, before.whole, rows, "kills that come while events are delivered")
	collector := s.start()
	s.requireStored(stored{whole: rows})
	collector.requireMetric("events_refused", 0)
	collector.end()
	assert.Equal(t, map[string]int{"beacon": rows, "checkpoint": 1}, s.streams())
}

// killMoments kill a collector at a moment of one of its requests.
var killMoments = []func(w http.ResponseWriter, r *http.Request, forward http.Handler, kill func()){
	func(_ http.ResponseWriter, _ *http.Request, _ http.Handler, kill func()) { kill() },
	func(_ http.ResponseWriter, r *http.Request, forward http.Handler, kill func()) {
		stored := make(chan struct{})
		go func() {
			defer close(stored)
			defer func() { _ = recover() }() // the request ends with the collector
			forward.ServeHTTP(httptest.NewRecorder(), r)
		}()
		kill()
		<-stored
	},
	func(_ http.ResponseWriter, r *http.Request, forward http.Handler, kill func()) {
		forward.ServeHTTP(httptest.NewRecorder(), r)
		kill()
	},
}
