// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

// gateway is a server of OTLP over gRPC with one answer.
type gateway struct {
	plogotlp.UnimplementedGRPCServer
	response plogotlp.ExportResponse
	err      error
}

func (g *gateway) Export(context.Context, plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	return g.response, g.err
}

// export sends a record to a gateway through a client with the extension.
func (f *fixture) export(ctx context.Context, t *testing.T, g plogotlp.GRPCServer, options ...grpc.ServerOption) error {
	t.Helper()
	server := grpc.NewServer(options...)
	if g != nil {
		plogotlp.RegisterGRPCServer(server, g)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Stop()
		require.NoError(t, <-served)
	}()
	middleware, err := f.extension.(extensionmiddleware.GRPCClient).GetGRPCClientOptions(ctx)
	require.NoError(t, err)
	conn, err := grpc.NewClient(listener.Addr().String(),
		append(middleware, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(t, err)
	defer conn.Close()
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("a beacon of some length")
	_, err = plogotlp.NewGRPCClient(conn).Export(ctx, plogotlp.NewExportRequestFromLogs(logs))
	return err
}

func TestGRPCAnswers(t *testing.T) {
	partial := plogotlp.NewExportResponse()
	partial.PartialSuccess().SetRejectedLogRecords(2)
	partial.PartialSuccess().SetErrorMessage("timestamp too old")
	warning := plogotlp.NewExportResponse()
	warning.PartialSuccess().SetErrorMessage("deprecated")
	throttled, err := status.New(codes.ResourceExhausted, "later").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(1)})
	require.NoError(t, err)
	overloaded, err := status.New(codes.Unavailable, "overloaded").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(1)})
	require.NoError(t, err)
	for _, test := range []struct {
		name     string
		server   plogotlp.GRPCServer
		options  []grpc.ServerOption
		class    string // of the error; empty if it stays as it is
		code     codes.Code
		words    string
		outcome  string
		accepted bool
	}{
		{name: "success", server: &gateway{response: plogotlp.NewExportResponse()}, accepted: true, outcome: "accepted"},
		{name: "success with a warning", server: &gateway{response: warning}, accepted: true, outcome: "accepted"},
		{name: "partial success", server: &gateway{response: partial}, class: "content", code: codes.InvalidArgument, words: "rejected 2 log records: timestamp too old"},
		{name: "no logs pipeline", class: "destination", code: codes.Unavailable, words: "Unimplemented"},
		{name: "wrong token", server: &gateway{err: status.Error(codes.Unauthenticated, "no\ntoken")}, class: "destination", code: codes.Unavailable, words: "no token"},
		{name: "no rights", server: &gateway{err: status.Error(codes.PermissionDenied, "no")}, class: "destination", code: codes.Unavailable},
		{name: "message too large", server: &gateway{response: partial}, options: []grpc.ServerOption{grpc.MaxRecvMsgSize(10)}, class: "size", code: codes.InvalidArgument, words: "larger than max"},
		{name: "exhausted", server: &gateway{err: status.Error(codes.ResourceExhausted, "quota")}, class: "unknown", code: codes.Unavailable},
		{name: "throttled", server: &gateway{err: throttled.Err()}, class: "busy", code: codes.ResourceExhausted, words: "later"},
		{name: "unavailable, says when", server: &gateway{err: overloaded.Err()}, class: "busy", code: codes.Unavailable, words: "overloaded"},
		{name: "429 of a proxy", server: &gateway{err: status.Error(codes.Unavailable, "unexpected HTTP status code received from server: 429 (Too Many Requests)")}, class: "busy", code: codes.Unavailable},
		{name: "unavailable", server: &gateway{err: status.Error(codes.Unavailable, "memory limit")}, code: codes.Unavailable, words: "memory limit", outcome: "retryable"},
		{name: "refused", server: &gateway{err: status.Error(codes.InvalidArgument, "bad record")}, code: codes.InvalidArgument, words: "bad record", outcome: "unknown"},
		{name: "403 of a proxy", server: &gateway{err: status.Error(codes.PermissionDenied, "unexpected HTTP status code received from server: 403 (Forbidden)")}, class: "unknown", code: codes.Unavailable},
		{name: "413 of a proxy", server: &gateway{err: status.Error(codes.Unknown, "unexpected HTTP status code received from server: 413 (Request Entity Too Large)")}, class: "size", code: codes.InvalidArgument},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			err := f.export(t.Context(), t, test.server, test.options...)
			if test.accepted {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.words)
				assert.Equal(t, test.code, status.Code(err), "%v", err)
			}
			if test.class != "" {
				var refused refusalError
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, test.class, refused.RefusalClass())
				if g, ok := test.server.(*gateway); ok && test.class == "busy" {
					assert.Len(t, status.Convert(err).Details(), len(status.Convert(g.err).Details()), "what the exporter reads stays")
				}
				test.outcome = test.class
			}
			assert.EqualValues(t, 1, f.counter(t, "responsecheck_requests", map[string]string{"protocol": "otlp", "outcome": test.outcome}))
		})
	}
}

func TestGRPCWordsHideMetadata(t *testing.T) {
	f := newFixture(t, nil)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer secret-token")
	err := f.export(ctx, t, &gateway{err: status.Error(codes.Unauthenticated, "unknown token secret-token")})
	require.ErrorContains(t, err, "unknown token")
	assert.NotContains(t, err.Error(), "secret-token")
}
