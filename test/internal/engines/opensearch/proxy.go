// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package opensearch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Proxy is a server before a node. It forwards every request, unless told
// otherwise.
type Proxy struct {
	// URL is its address, without a slash at the end.
	URL string

	forward http.Handler
	mu      sync.Mutex
	// intercept answers a request instead of the proxy and returns true, or returns
	// false. May be nil. Guarded by mu.
	intercept func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool
}

// NewProxy starts a proxy that ends with the test.
func (n *Node) NewProxy(t testing.TB) *Proxy {
	t.Helper()
	target, err := url.Parse(n.URL())
	require.NoError(t, err)
	transport := &http.Transport{}
	p := &Proxy{forward: &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // the node is down: so is the connection
		},
	}}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.URL = "http://" + listener.Addr().String()
	server := &http.Server{Handler: p, ReadHeaderTimeout: callTimeout}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			_ = server.Close() // a request that nobody answers
		}
		assert.ErrorIs(t, <-done, http.ErrServerClosed)
		transport.CloseIdleConnections()
	})
	return p
}

// Intercept calls a function for each request, which answers it itself and returns
// true, or returns false, and then the proxy forwards it. The function can call
// forward, too. Requests may be concurrent. With nil, the proxy forwards all.
func (p *Proxy) Intercept(intercept func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.intercept = intercept
}

// LoseAnswer lets the node answer a request, and then closes the connection
// instead of passing the answer on. It is called by a function given to
// [Proxy.Intercept], and does not return.
func LoseAnswer(r *http.Request, forward http.Handler) {
	forward.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// ServeHTTP answers a request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	intercept := p.intercept
	p.mu.Unlock()
	if intercept == nil || !intercept(w, r, p.forward) {
		p.forward.ServeHTTP(w, r)
	}
}
