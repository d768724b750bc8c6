// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// destination is the part that all fakes of a SIEM share: it can stop, start again
// at the same address, and fail requests.
type destination struct {
	t       testing.TB
	handler http.Handler
	url     string

	mu       sync.Mutex
	server   *http.Server // nil while it is down
	done     chan error
	requests int
	// fault answers a request itself and returns true, or returns false. Requests
	// are numbered from 1. May be nil.
	fault func(request int, w http.ResponseWriter, r *http.Request) bool
}

func newDestination(t testing.TB, handler http.Handler) *destination {
	t.Helper()
	d := &destination{t: t, handler: handler}
	d.listen("127.0.0.1:0")
	t.Cleanup(d.down)
	return d
}

func (d *destination) listen(address string) {
	d.t.Helper()
	listener, err := new(net.ListenConfig).Listen(d.t.Context(), "tcp", address)
	require.NoError(d.t, err)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.url = "http://" + listener.Addr().String()
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: waitTimeout}
	d.done = make(chan error, 1)
	go func(server *http.Server, done chan error) { done <- server.Serve(listener) }(d.server, d.done)
}

// up starts it again, at the same address.
func (d *destination) up() { d.listen(d.url[len("http://"):]) }

// down stops it and closes all its connections.
func (d *destination) down() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server != nil {
		_ = d.server.Close() // its error is about the connections that it closes
		assert.ErrorIs(d.t, <-d.done, http.ErrServerClosed)
		d.server = nil
	}
}

func (d *destination) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.requests++
	request, fault := d.requests, d.fault
	d.mu.Unlock()
	if fault == nil || !fault(request, w, r) {
		d.handler.ServeHTTP(w, r)
	}
}

func (d *destination) setFault(fault func(int, http.ResponseWriter, *http.Request) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = fault
}

// status returns a fault of an overloaded SIEM: a status, and at most one header.
func status(code int, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		if len(header) == 2 {
			w.Header().Set(header[0], header[1])
		}
		w.WriteHeader(code)
	}
}

// closeHalfway closes the connection after half of the request was read.
func closeHalfway(w http.ResponseWriter, r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

// body reads a request's body, decompressed.
func body(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	decompressed, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(decompressed)
}
