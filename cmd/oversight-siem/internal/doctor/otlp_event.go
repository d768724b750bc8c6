// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/protobuf/encoding/protowire"
)

// otlpTestRequest is an ExportLogsServiceRequest with one test record. It has no
// EventName, so that it is none of this project's events.
func otlpTestRequest() ([]byte, error) {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "oversight-siem")
	record := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	now := pcommon.NewTimestampFromTime(time.Now())
	record.SetTimestamp(now)
	record.SetObservedTimestamp(now)
	record.SetSeverityNumber(plog.SeverityNumberInfo)
	record.SetSeverityText("INFO")
	record.Body().SetStr(testMark)
	return (&plog.ProtoMarshaler{}).MarshalLogs(logs)
}

// otlpAccepted says that the destination accepted the record, or that its answer names it
// as refused.
func (e *exporter) otlpAccepted(where string, response []byte) []finding {
	rejected, reason := partialSuccess(response)
	if rejected > 0 {
		return failed("read the reason, and the destination's log", "%s refuses the test record: %.200s", where, reason)
	}
	return passed("%s accepted a test record; search for records of the service oversight-siem with the body \"%s\"", where, testMark)
}

// partialSuccess reads an ExportLogsServiceResponse: how many records were refused, and
// why. An answer that is none refuses none.
func partialSuccess(response []byte) (rejected uint64, reason string) {
	inner, n := field(response, 1)
	if n < 0 {
		return 0, ""
	}
	for len(inner) > 0 {
		number, kind, n := protowire.ConsumeTag(inner)
		if n < 0 {
			return rejected, reason
		}
		value := inner[n:]
		switch {
		case number == 1 && kind == protowire.VarintType:
			rejected, _ = protowire.ConsumeVarint(value)
		case number == 2 && kind == protowire.BytesType:
			text, _ := protowire.ConsumeBytes(value)
			reason = string(text)
		}
		size := protowire.ConsumeFieldValue(number, kind, value)
		if size < 0 {
			return rejected, reason
		}
		inner = value[size:]
	}
	return rejected, reason
}

// field is the message in a field; n is negative for none.
func field(message []byte, want protowire.Number) (inner []byte, n int) {
	number, kind, n := protowire.ConsumeTag(message)
	if n < 0 || number != want || kind != protowire.BytesType {
		return nil, -1
	}
	return protowire.ConsumeBytes(message[n:])
}

// checkHTTPEvent sends a test record with OTLP over HTTP.
func (e *exporter) checkHTTPEvent(ctx context.Context) []finding {
	client, endpoint, found := e.client()
	if found != nil {
		return found
	}
	defer client.http.CloseIdleConnections()
	var settings struct {
		LogsEndpoint string `mapstructure:"logs_endpoint"`
	}
	if found := e.read(&settings); found != nil {
		return found
	}
	// SPEC: OTLP/HTTP, "The default URL path for requests that carry log data is /v1/logs".
	u, err := url.Parse(cmp.Or(settings.LogsEndpoint, strings.TrimSuffix(endpoint, "/")+"/v1/logs"))
	if err != nil || u.Host == "" {
		return failed("set it to a URL such as https://otlp.example.org:4318", "`%s::endpoint` is not a URL", e.key())
	}
	body, err := otlpTestRequest()
	if err != nil {
		return notChecked("", "%v", err)
	}
	a, found := client.request(ctx, http.MethodPost, u, string(body), http.Header{"Content-Type": {"application/x-protobuf"}})
	if found == nil {
		found = client.notWhatWeWant(&a, "the OTLP server")
	}
	if found != nil {
		return found
	}
	switch a.status {
	case http.StatusOK, http.StatusAccepted:
		return e.otlpAccepted(a.url, a.body)
	case http.StatusUnauthorized, http.StatusForbidden:
		return failed(fmt.Sprintf("fix the credentials in `%s::headers`, or the client's certificate in `tls`", e.key()), "%s refuses the credentials (%d)", a.url, a.status)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return failed(fmt.Sprintf("set `%s::endpoint` to the URL before /v1/logs, or `logs_endpoint` to the whole one", e.key()), "%s takes no log records (%d)", a.url, a.status)
	default:
		return failed("read the destination's log", "%s refuses a test record (%d)", a.url, a.status)
	}
}
