// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheck

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func otlpSettings(endpoint string) map[string]any {
	return map[string]any{
		"endpoint":         endpoint,
		"tls":              map[string]any{"insecure": true},
		"sending_queue":    map[string]any{"enabled": false},
		"retry_on_failure": map[string]any{"enabled": false},
	}
}

func partialSuccess() plogotlp.ExportResponse {
	response := plogotlp.NewExportResponse()
	response.PartialSuccess().SetRejectedLogRecords(1)
	response.PartialSuccess().SetErrorMessage("timestamp too old")
	return response
}

func TestOTLPHTTP(t *testing.T) {
	body, err := partialSuccess().MarshalProto()
	require.NoError(t, err)
	proto := map[string]string{"Content-Type": "application/x-protobuf"}
	for _, test := range []struct {
		name, alone, class string
		answer             answer
		strayed            int
		words              string
		permanent          bool
	}{
		{name: "success", answer: answer{status: 200, header: proto}},
		{name: "partial success", answer: answer{status: 200, header: proto, body: string(body)}, class: "content", permanent: true, words: "timestamp too old"},
		{name: "a login page", answer: answer{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: "<title>Sign in</title>"}, class: "unknown", words: "Sign in"},
		{name: "redirect", answer: answer{status: 308, location: true}, strayed: 1, class: "unknown", words: "redirect"},
		{name: "401", answer: answer{status: 401}, alone: "permanent", class: "destination"},
		{name: "404", answer: answer{status: 404, body: "404 page not found"}, alone: "permanent", class: "unknown", words: "404 page not found"},
		{name: "413", answer: answer{status: 413}, alone: "permanent", class: "size", permanent: true},
		{name: "429", answer: answer{status: 429}, alone: "retryable", class: "busy"},
		{name: "503, says when", answer: answer{status: 503, header: map[string]string{"Retry-After": "3"}}, alone: "retryable", class: "busy"},
		{name: "503", answer: answer{status: 503, body: "no healthy upstream"}, alone: "retryable", class: "retryable", words: "no healthy upstream"},
	} {
		for _, encoding := range []string{"proto", "json"} {
			t.Run(test.name+"/"+encoding, func(t *testing.T) {
				s := newServer(t, test.answer)
				settings := otlpSettings(s.URL)
				settings["encoding"] = encoding
				alone := newExporter(t, otlphttpexporter.NewFactory(), settings, false, nil)
				assert.Equal(t, test.alone, class(export(t, alone, 3)), "without the extension")
				require.Equal(t, test.strayed, s.strayedRequests())

				exp := newExporter(t, otlphttpexporter.NewFactory(), settings, true, nil)
				err := export(t, exp, 3)
				require.Equal(t, test.class, class(err), "%v", err)
				assert.Equal(t, test.permanent, consumererror.IsPermanent(err), "%v", err)
				if test.words != "" {
					require.ErrorContains(t, err, test.words)
				}
				assert.Equal(t, test.strayed, s.strayedRequests(), "nothing strays with the extension")
			})
		}
	}
}

// gateway is a collector with one answer.
type gateway struct {
	plogotlp.UnimplementedGRPCServer
	response plogotlp.ExportResponse
	err      error
}

func (g *gateway) Export(context.Context, plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	return g.response, g.err
}

// serve returns the address of a server of gRPC.
func serve(t *testing.T, g plogotlp.GRPCServer, options ...grpc.ServerOption) string {
	t.Helper()
	s := grpc.NewServer(options...)
	if g != nil {
		plogotlp.RegisterGRPCServer(s, g)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		s.Stop()
		assert.NoError(t, <-served)
	})
	return listener.Addr().String()
}

func TestOTLPGRPC(t *testing.T) {
	throttled, err := status.New(codes.ResourceExhausted, "later").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)})
	require.NoError(t, err)
	for _, test := range []struct {
		name, alone, class string
		gateway            plogotlp.GRPCServer
		options            []grpc.ServerOption
		words              string
		permanent          bool
	}{
		{name: "success", gateway: &gateway{response: plogotlp.NewExportResponse()}},
		{name: "partial success", gateway: &gateway{response: partialSuccess()}, class: "content", permanent: true, words: "timestamp too old"},
		{name: "no logs pipeline yet", alone: "permanent", class: "destination", words: "Unimplemented"},
		{name: "wrong token", gateway: &gateway{err: status.Error(codes.Unauthenticated, "who are you")}, alone: "permanent", class: "destination", words: "who are you"},
		{name: "too large", gateway: &gateway{}, options: []grpc.ServerOption{grpc.MaxRecvMsgSize(10)}, alone: "permanent", class: "size", permanent: true},
		{name: "quota", gateway: &gateway{err: status.Error(codes.ResourceExhausted, "quota")}, alone: "permanent", class: "unknown", words: "quota"},
		{name: "throttled", gateway: &gateway{err: throttled.Err()}, alone: "retryable", class: "busy", words: "later"},
		{name: "unavailable", gateway: &gateway{err: status.Error(codes.Unavailable, "restarting")}, alone: "retryable", class: "retryable", words: "restarting"},
		{name: "refused", gateway: &gateway{err: status.Error(codes.Internal, "Permanent error: 400")}, alone: "permanent", class: "permanent", permanent: true, words: "Permanent error: 400"},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serve(t, test.gateway, test.options...)
			alone := newExporter(t, otlpexporter.NewFactory(), otlpSettings(address), false, nil)
			assert.Equal(t, test.alone, class(export(t, alone, 3)), "without the extension")
			exp := newExporter(t, otlpexporter.NewFactory(), otlpSettings(address), true, nil)
			err := export(t, exp, 3)
			require.Equal(t, test.class, class(err), "%v", err)
			assert.Equal(t, test.permanent, consumererror.IsPermanent(err), "%v", err)
			if test.words != "" {
				require.ErrorContains(t, err, test.words)
			}
		})
	}
}

// A gateway decompresses up to its limit, and says so in other words than for a
// message that is too large as it comes.
func TestOTLPGRPCTooLargeAfterDecompression(t *testing.T) {
	address := serve(t, &gateway{response: plogotlp.NewExportResponse()}, grpc.MaxRecvMsgSize(10_000))
	exp := newExporter(t, otlpexporter.NewFactory(), otlpSettings(address), true, nil)
	logs := events(3)
	logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr(strings.Repeat("x", 100_000))
	err := exp.ConsumeLogs(t.Context(), logs)
	require.ErrorContains(t, err, "after decompression")
	assert.Equal(t, "size", class(err))
}
