// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // the exporter compresses
)

// records collects events in the OpenTelemetry form.
type records struct {
	mu  sync.Mutex
	all []arrival
}

func (r *records) add(logs plog.Logs) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				id, _ := log.Attributes().Get("oversight.event.id")
				uid, _ := log.Attributes().Get("log.record.uid")
				a := arrivalOf(id.AsString(), uid.AsString(), nil)
				_, a.truncated = log.Attributes().Get("oversight.truncated")
				r.all = append(r.all, a)
			}
		}
	}
}

func (r *records) arrivals() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival{}, r.all...)
}

// grpcGateway is an OTLP/gRPC server like another Collector's. Requests are
// limited to 4 MiB, which is gRPC's default and that of the Collector's receiver
// (config/configgrpc, max_recv_msg_size_mib).
type grpcGateway struct {
	plogotlp.UnimplementedGRPCServer
	*records
	address string

	faultMu sync.Mutex
	// refuse returns the error that a request is answered with, by its number from
	// 1, or nil to accept it. May be nil.
	refuse   func(request int, logs plog.Logs) error
	requests int
}

func newGRPCGateway(t testing.TB) *grpcGateway {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &grpcGateway{records: &records{}, address: listener.Addr().String()}
	server := grpc.NewServer()
	plogotlp.RegisterGRPCServer(server, g)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		require.NoError(t, <-done)
	})
	return g
}

// Export implements the OTLP service.
func (g *grpcGateway) Export(_ context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	g.faultMu.Lock()
	g.requests++
	n, refuse := g.requests, g.refuse
	g.faultMu.Unlock()
	if refuse != nil {
		if err := refuse(n, request.Logs()); err != nil {
			return plogotlp.NewExportResponse(), err
		}
	}
	g.add(request.Logs())
	return plogotlp.NewExportResponse(), nil
}

func (g *grpcGateway) setRefuse(refuse func(int, plog.Logs) error) {
	g.faultMu.Lock()
	defer g.faultMu.Unlock()
	g.refuse = refuse
}

func (g *grpcGateway) requestCount() int {
	g.faultMu.Lock()
	defer g.faultMu.Unlock()
	return g.requests
}
