// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// gateway is an OTLP/HTTP server that receives a collector's events.
type gateway struct {
	t   testing.TB
	url string
	// refuse reports whether a request, by its number from 1, is answered with 503
	// and not stored.
	refuse func(request int) bool
	// hold is called before a request is answered.
	hold func(request int)

	mu       sync.Mutex
	requests int
	records  []record
	times    map[string]int // number of arrivals by event_id
}

// record is a log record with its resource and scope.
type record struct {
	plog.LogRecord
	resource, scope map[string]any
	scopeName       string
}

func newGateway(t testing.TB) *gateway {
	t.Helper()
	g := &gateway{t: t, times: map[string]int{}}
	g.url = serve(t, g)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	logs, err := decode(r)
	if err != nil { // the collector was killed while it sent
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	g.requests++
	request := g.requests
	g.mu.Unlock()
	if g.hold != nil {
		g.hold(request)
	}
	if g.refuse != nil && g.refuse(request) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	g.store(logs)
	body, err := plogotlp.NewExportResponse().MarshalProto()
	assert.NoError(g.t, err)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(body) // the collector may have been killed
}

func decode(r *http.Request) (plog.Logs, error) {
	data, err := body(r)
	if err != nil {
		return plog.Logs{}, err
	}
	if r.URL.Path != "/v1/logs" {
		return plog.Logs{}, errors.New("not a request for logs")
	}
	request := plogotlp.NewExportRequest()
	return request.Logs(), request.UnmarshalProto(data)
}

func (g *gateway) store(logs plog.Logs) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				if log.EventName() == "oversight.checkpoint" {
					continue // no event, and no finding
				}
				id, _ := log.Attributes().Get("oversight.event.id")
				g.times[id.Str()]++
				g.records = append(g.records, record{
					LogRecord: log,
					resource:  resource.Resource().Attributes().AsRaw(),
					scope:     scope.Scope().Attributes().AsRaw(),
					scopeName: scope.Scope().Name(),
				})
			}
		}
	}
}

// arrived returns the number of different events, and of all, that have arrived.
func (g *gateway) arrived() (different, all int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.times), len(g.records)
}

func (g *gateway) all() []record {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]record{}, g.records...)
}
