// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// requestTimeout is how long a request may take, during shutdown too.
const requestTimeout = 5 * time.Second

// server serves HTTP. A nil *server does nothing.
type server struct {
	listener net.Listener
	http     *http.Server // nil until the first call of serve
	handler  atomic.Pointer[http.Handler]
	ended    chan error
}

// listen opens the address, so that it fails before anything is written. Requests wait
// until serve is called. With an empty address it returns nil.
func listen(ctx context.Context, address string) (*server, error) {
	if address == "" {
		return nil, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--serve is %q: must be a free address such as 127.0.0.1:8765, or port 0 for any free port: %w", address, err)
	}
	return &server{listener: listener, ended: make(chan error, 1)}, nil
}

// serve makes handler answer from now on. The first call starts the server, and prints
// its URL to out.
func (s *server) serve(handler http.Handler, out io.Writer) {
	if s == nil {
		return
	}
	s.handler.Store(&handler)
	if s.http != nil {
		return
	}
	s.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(*s.handler.Load()).ServeHTTP(w, r)
		}),
		ReadTimeout:  requestTimeout,
		WriteTimeout: requestTimeout,
		IdleTimeout:  time.Minute,
	}
	fmt.Fprintf(out, "serving the tree head at http://%s/tlog/head\n", s.listener.Addr())
	go func() { s.ended <- s.http.Serve(s.listener) }()
}

// close waits for running requests.
func (s *server) close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	if s.http == nil {
		return s.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("shut down the HTTP server: %w", err), s.http.Close())
	}
	if err := <-s.ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the tree head: %w", err)
	}
	return nil
}
