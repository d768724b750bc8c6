// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// grpcPath is the method that takes log records.
// Source: opentelemetry-proto, collector/logs/v1/logs_service.proto.
const grpcPath = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

// Codes of gRPC. Source: grpc/doc/statuscodes.md.
const (
	grpcOK              = "0"
	grpcDenied          = "7"
	grpcUnimplemented   = "12"
	grpcUnauthenticated = "16"
)

// checkGRPCEvent sends a test record with OTLP over gRPC. One request without streams is
// a POST of HTTP/2; the library for gRPC would double the size of the command.
func (e *exporter) checkGRPCEvent(ctx context.Context) []finding {
	client, endpoint, found := e.client()
	if found != nil {
		return found
	}
	defer client.http.CloseIdleConnections()
	u, secure, found := e.grpcAddress(endpoint)
	if found != nil {
		return found
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP2(secure)
	protocols.SetUnencryptedHTTP2(!secure)
	if transport, ok := client.http.Transport.(*http.Transport); ok {
		transport.Protocols = protocols
	}
	message, err := otlpTestRequest()
	if err != nil {
		return notChecked("", "%v", err)
	}
	status, response, err := client.callGRPC(ctx, u, message)
	if closedByServer(err) {
		return e.notGRPC(u.Host, err.Error())
	}
	if err != nil {
		return client.unreachable(u.Host, err)
	}
	return e.classifyGRPC(u.Host, status, response)
}

// closedByServer reports whether the server ended the connection, or answered something
// else than HTTP/2: which of the two the client sees first is a matter of time.
func closedByServer(err error) bool {
	if err == nil {
		return false
	}
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "http2: ") // the library has no error for it
}

// grpcAddress is the URL of the exporter's endpoint, and whether it uses TLS.
func (e *exporter) grpcAddress(endpoint string) (u *url.URL, secure bool, found []finding) {
	var settings struct {
		TLS struct {
			Insecure bool `mapstructure:"insecure"`
		} `mapstructure:"tls"`
	}
	if found := e.read(&settings); found != nil {
		return nil, false, found
	}
	secure = !settings.TLS.Insecure
	host := strings.TrimPrefix(endpoint, "dns:///")
	if scheme, rest, hasScheme := strings.Cut(host, "://"); hasScheme {
		if scheme != "http" && scheme != "https" {
			return nil, false, notChecked("look for the events of the collector", "an endpoint of the kind %s:// can be used by the collector only", scheme)
		}
		secure, host = scheme == "https", rest
	}
	host = strings.TrimSuffix(host, "/")
	if host == "" {
		return nil, false, failed("set it to host and port, such as otlp.example.org:4317", "`%s::endpoint` is empty", e.key())
	}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: host, Path: grpcPath}, secure, nil
}

// grpcStatus is how a server of gRPC, or another one, answered.
type grpcStatus struct {
	code, message string
	http          int
}

// callGRPC makes a call with one message in each direction.
// SPEC: grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message → Compressed-Flag
// Message-Length Message".
func (c *httpClient) callGRPC(ctx context.Context, u *url.URL, message []byte) (status grpcStatus, response []byte, err error) {
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))) //nolint:gosec // one record
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(append(frame, message...)))
	if err != nil {
		return status, nil, err
	}
	c.addHeader(request)
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	answer, err := c.http.Do(request)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if err != nil {
		return status, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return status, nil, err
	}
	status.http = answer.StatusCode
	for _, header := range []http.Header{answer.Header, answer.Trailer} { // in the header if there is no message
		if code := header.Get("Grpc-Status"); code != "" {
			status.code, status.message = code, header.Get("Grpc-Message")
		}
	}
	if len(body) < len(frame) {
		return status, nil, nil
	}
	return status, body[len(frame):], nil
}

func (e *exporter) classifyGRPC(host string, status grpcStatus, response []byte) []finding {
	switch status.code {
	case grpcOK:
		return e.otlpAccepted(host, response)
	case grpcUnauthenticated, grpcDenied:
		return failed(fmt.Sprintf("fix the credentials in `%s::headers`, or the client's certificate in `tls`", e.key()), "%s refuses the credentials (gRPC code %s): %.200s", host, status.code, status.message)
	case grpcUnimplemented:
		return failed(fmt.Sprintf("set `%s::endpoint` to the port for OTLP over gRPC, and let the server take logs", e.key()), "%s takes no log records (gRPC code 12)", host)
	case "":
		return e.notGRPC(host, fmt.Sprint("it answers HTTP ", status.http))
	default:
		return failed("read the destination's log", "%s refuses a test record (gRPC code %s): %.200s", host, status.code, status.message)
	}
}

func (e *exporter) notGRPC(host, answer string) []finding {
	return failed(fmt.Sprintf("set `%s::endpoint` to the port for OTLP over gRPC, which is often 4317", e.key()), "%s does not speak gRPC: %s", host, answer)
}
