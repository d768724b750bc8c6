// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/collector/extension/extensionmiddleware"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// methodExportLogs is the method by which the OTLP exporter sends logs.
const methodExportLogs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

var _ extensionmiddleware.GRPCClient = (*responseCheck)(nil)

// GetGRPCClientOptions returns the interceptor that checks the answers to logs.
func (rc *responseCheck) GetGRPCClientOptions(context.Context) ([]grpc.DialOption, error) {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(rc.checkCall)}, nil
}

// checkCall sends a request and checks the answer if it has logs.
func (rc *responseCheck) checkCall(
	ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	err := invoke(ctx, method, req, reply, conn, opts...)
	if method != methodExportLogs {
		return err
	}
	refused, retryable := checkReply(ctx, reply, err)
	switch {
	case refused != nil:
		rc.countRefusal(ctx, protocolOTLP, refused)
		return refused
	case retryable:
		rc.count(ctx, protocolOTLP, classRetryable)
	case err != nil:
		rc.count(ctx, protocolOTLP, classUnknown)
	default:
		rc.count(ctx, protocolOTLP, outcomeAccepted)
	}
	return err
}

// checkReply returns the refusal that an answer of gRPC is, or nil if the error, if
// there is one, says all that is known. retryable is for an error that is left as it
// is.
func checkReply(ctx context.Context, reply any, err error) (refused *refusal, retryable bool) {
	if err == nil {
		return checkExportReply(ctx, reply), false
	}
	st := status.Convert(err)
	class := classifyCode(st)
	text := words(sentHeader(ctx), st.Message())
	refused = &refusal{
		class: class, permanent: class == classSize,
		message: fmt.Sprintf("the destination answered %s: %s", st.Code(), text),
	}
	switch class {
	case classDestination, classSize, classUnknown:
		return refused, false
	case classBusy:
		// The exporter knows how long to wait: RetryInfo stays.
		answered := st.Proto()
		answered.Message = text
		refused.status = status.FromProto(answered)
		return refused, false
	}
	return nil, class == classRetryable
}

// httpStatusPrefix begins the message of a gRPC error for an answer that is not of
// gRPC (google.golang.org/grpc/internal/transport).
const httpStatusPrefix = "unexpected HTTP status code received from server"

// classifyCode returns the class of a status, empty if the exporter's own decision
// stands.
func classifyCode(st *status.Status) string {
	if strings.HasPrefix(st.Message(), httpStatusPrefix) && st.Code() != codes.Unavailable {
		if strings.HasPrefix(st.Message(), httpStatusPrefix+": 413") {
			return classSize
		}
		return classUnknown
	}
	if strings.HasPrefix(st.Message(), httpStatusPrefix+": 429") {
		return classBusy
	}
	switch st.Code() {
	// Unimplemented: a gateway without a logs pipeline, or one that has not started it.
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return classDestination
	case codes.ResourceExhausted:
		if isTooLarge(st.Message()) {
			return classSize
		}
		if hasRetryInfo(st) {
			return classBusy
		}
		// The exporter would make it permanent.
		return classUnknown
	case codes.Unavailable:
		if hasRetryInfo(st) {
			return classBusy
		}
		return classRetryable
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.DataLoss:
		return classRetryable
	default:
		return ""
	}
}

// isTooLarge says whether the message is that of a gRPC implementation for a message
// above its limit, 4 MiB by default. google.golang.org/grpc: "received message larger
// than max", "received message after decompression larger than max", "trying to send
// message larger than max". grpc-java: "exceeds maximum size".
func isTooLarge(message string) bool {
	return strings.Contains(message, "larger than max") || strings.Contains(message, "exceeds maximum size")
}

func hasRetryInfo(st *status.Status) bool {
	for _, detail := range st.Details() {
		if _, ok := detail.(*errdetails.RetryInfo); ok {
			return true
		}
	}
	return false
}

// sentHeader returns the metadata of the request as a header, whose values must not
// be in an error.
func sentHeader(ctx context.Context) http.Header {
	sent, _ := metadata.FromOutgoingContext(ctx)
	header := http.Header{}
	for name, values := range sent {
		for _, value := range values {
			header.Add(name, value)
		}
	}
	return header
}

// checkExportReply returns the refusal of an answer with status OK.
func checkExportReply(ctx context.Context, reply any) *refusal {
	response, err := exportResponse(reply)
	if err != nil {
		return &refusal{class: classUnknown, message: fmt.Sprintf("the destination's answer cannot be read: %v", err)}
	}
	if rejected := response.PartialSuccess().RejectedLogRecords(); rejected > 0 {
		return partialSuccess(rejected, words(sentHeader(ctx), response.PartialSuccess().ErrorMessage()))
	}
	return nil
}

// exportResponse converts a reply, which is of a type internal to pdata, through the
// codec that made it.
func exportResponse(reply any) (plogotlp.ExportResponse, error) {
	response := plogotlp.NewExportResponse()
	data, err := encoding.GetCodecV2("proto").Marshal(reply)
	if err != nil {
		return response, err
	}
	defer data.Free()
	return response, response.UnmarshalProto(data.Materialize())
}
