// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

// refusal is what a receiver that keeps refused rows asks an error for.
type refusal interface {
	error
	RefusalClass() string
	AcceptedRecords() []string
}

// withoutRetry is the mode in which the receiver owns retry.
func withoutRetry(t *testing.T, answer func(*call) answer) *setup {
	s := newSetup(t, answer)
	s.config.BackOffConfig.Enabled = false
	return s
}

// withUIDs gives each record the attribute log.record.uid, u0, u1, and so on.
func withUIDs(logs plog.Logs) plog.Logs {
	n := 0
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				record.Attributes().PutStr("log.record.uid", fmt.Sprintf("u%d", n))
				n++
			}
		}
	}
	return logs
}

func uids(from, to int) (uids []string) {
	for i := from; i < to; i++ {
		uids = append(uids, fmt.Sprintf("u%d", i))
	}
	return uids
}

// The error names what was accepted, and carries what was not.
func TestErrorOfAPartlyAcceptedPush(t *testing.T) {
	bad := func(c *call) answer {
		if strings.Contains(c.text(), "row7\"") {
			return refused("column Text is no datetime")
		}
		return accepted
	}
	s := withoutRetry(t, bad)
	rows, _ := named(0, 10)
	err := s.start(t).ConsumeLogs(t.Context(), withUIDs(logsOf(t, rows...)))
	var r refusal
	require.ErrorAs(t, err, &r)
	assert.Equal(t, "content", r.RefusalClass())
	assert.Equal(t, append(uids(0, 7), uids(8, 10)...), r.AcceptedRecords())
	assert.True(t, consumererror.IsPermanent(err))
	require.ErrorContains(t, err, "1 of 10 rows were refused, the first at index 7")
	require.ErrorContains(t, err, "column Text is no datetime (request id request-")
	var rest consumererror.Logs
	require.ErrorAs(t, err, &rest)
	require.Equal(t, 1, rest.Data().LogRecordCount())
	assert.Equal(t, "row7", uidOf(rest.Data().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)))
	assert.Empty(t, s.messages(), "the caller has the words")
	assert.EqualValues(t, 1, s.counted(t, "rows_dropped", "refused"))
}

// A failure after rows were refused does not make them forgotten.
func TestErrorOfRefusedAndPendingRows(t *testing.T) {
	s := withoutRetry(t, func(c *call) answer {
		if strings.Contains(c.text(), "\"c\"") {
			return broken
		}
		if strings.Contains(c.text(), "\"a\"") {
			return refused("a is not wanted")
		}
		return accepted
	})
	err := s.start(t).ConsumeLogs(t.Context(), withUIDs(logsOf(t, rowOfSize(t, "a", 300_000), rowOfSize(t, "b", 300_000), rowOfSize(t, "c", 600_000))))
	var r refusal
	require.ErrorAs(t, err, &r)
	assert.Empty(t, r.RefusalClass(), "a part failed, which may be accepted later")
	assert.False(t, consumererror.IsPermanent(err))
	assert.Equal(t, []string{"u1"}, r.AcceptedRecords())
	require.ErrorContains(t, err, "a is not wanted")
	require.ErrorContains(t, err, "try later")
	var rest consumererror.Logs
	require.ErrorAs(t, err, &rest)
	assert.Equal(t, 2, rest.Data().LogRecordCount())
}

// A uid that a record that was not accepted has, too, is not named.
func TestErrorDoesNotNameAmbiguousRecords(t *testing.T) {
	s := withoutRetry(t, func(c *call) answer {
		if strings.Contains(c.text(), "row2\"") {
			return refused("no")
		}
		return accepted
	})
	rows, _ := named(0, 4)
	logs := withUIDs(logsOf(t, rows...))
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.At(2).Attributes().PutStr("log.record.uid", "u0")
	records.At(3).Attributes().Remove("log.record.uid")
	records.At(3).Body().Map().Remove("EventUid")
	var r refusal
	require.ErrorAs(t, s.start(t).ConsumeLogs(t.Context(), logs), &r)
	assert.Equal(t, []string{"u1"}, r.AcceptedRecords())
}

// Rows whose attributes were removed by what made them have the uid in a column.
func TestErrorNamesRowsByTheirColumn(t *testing.T) {
	s := withoutRetry(t, func(c *call) answer {
		if strings.Contains(c.text(), "row1\"") {
			return refused("no")
		}
		return accepted
	})
	rows, _ := named(0, 3)
	var r refusal
	require.ErrorAs(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)), &r)
	assert.Equal(t, []string{"row0", "row2"}, r.AcceptedRecords())
}

// Every answer comes back at once, in one request for each row at most, with its
// words and with what is to blame.
func TestErrorClasses(t *testing.T) {
	page := "<html>Please sign in</html>"
	for name, test := range map[string]struct {
		status    int
		body      string
		want      string
		words     string
		permanent bool
	}{
		"200 with a page":   {200, page, "destination", "200 OK: <html>Please sign in</html>", false},
		"200 with an error": {200, `{"error":{"code":"Busy","message":"not really"}}`, "destination", "200 OK: Busy: not really", false},
		"200":               {200, "", "destination", "200 OK", false},
		"202":               {202, "", "destination", "202 Accepted", false},
		"303":               {303, page, "destination", "303 See Other", false},
		"307":               {307, page, "destination", "307 Temporary Redirect", false},
		"400":               {400, `{"error":{"code":"InvalidRecord","message":"no"}}`, "content", "400 Bad Request: InvalidRecord: no", true},
		"401":               {401, "", "destination", "401 Unauthorized", false},
		"403":               {403, "", "destination", "403 Forbidden", false},
		"404":               {404, "", "destination", "404 Not Found", false},
		"405":               {405, "", "destination", "405 Method Not Allowed", false},
		"407":               {407, "", "destination", "407 Proxy Authentication Required", false},
		"408":               {408, "", "", "408 Request Timeout", false},
		"413":               {413, "", "size", "413 Request Entity Too Large", true},
		"415":               {415, "", "destination", "415 Unsupported Media Type", false},
		"429":               {429, "", "busy", "429 Too Many Requests", false},
		"500":               {500, page, "", "500 Internal Server Error: <html>", false},
		"503":               {503, "", "", "503 Service Unavailable", false},
		"503, says when":    {503, "retry", "busy", "503 Service Unavailable", false},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0 // with rows
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				call, _ := readCall(r)
				requests += min(len(call.rows), 1)
				w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
				if test.body == "retry" {
					w.Header().Set("Retry-After", "5")
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			defer server.Close()
			s := withoutRetry(t, nil)
			s.config.ClientConfig.Endpoint = server.URL
			rows, _ := named(0, 1)
			err := s.start(t).ConsumeLogs(t.Context(), withUIDs(logsOf(t, rows...)))
			var r refusal
			require.ErrorAs(t, err, &r)
			assert.Equal(t, test.want, r.RefusalClass())
			assert.Equal(t, test.permanent, consumererror.IsPermanent(err))
			assert.Empty(t, r.AcceptedRecords())
			require.ErrorContains(t, err, test.words)
			assert.Equal(t, 1, requests)
			assert.EqualValues(t, 0, s.counted(t, "rows_accepted"))
		})
	}
}

// No token: the credential is to blame.
func TestErrorWithoutAToken(t *testing.T) {
	s := withoutRetry(t, nil)
	s.entra.Close()
	rows, _ := named(0, 1)
	var r refusal
	require.ErrorAs(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)), &r)
	assert.Equal(t, "destination", r.RefusalClass())
}

// A destination's fault takes precedence, so that no row is blamed for it.
func TestErrorOfSeveralTargets(t *testing.T) {
	s := withoutRetry(t, func(c *call) answer {
		switch c.stream {
		case "Custom-Denied":
			return answer{status: 403, code: "OperationFailed", message: "no access"}
		case "Custom-Strict":
			return refused("no")
		}
		return accepted
	})
	rows, _ := named(0, 3)
	logs := plog.NewLogs()
	addRows(t, logs, map[string]any{"azure.dcr.stream_name": "Custom-Strict"}, rows[0])
	addRows(t, logs, map[string]any{"azure.dcr.stream_name": "Custom-Denied"}, rows[1])
	addRows(t, logs, nil, rows[2])
	var r refusal
	require.ErrorAs(t, s.start(t).ConsumeLogs(t.Context(), withUIDs(logs)), &r)
	assert.Equal(t, "destination", r.RefusalClass())
	assert.Equal(t, []string{"u2"}, r.AcceptedRecords())
	require.ErrorContains(t, r, "no access")
	require.ErrorContains(t, r, "1 of 3 rows were refused, the first at index 0")
}

// A rule that refuses everything costs few requests where the caller looks into it.
func TestBrokenRuleWithoutRetry(t *testing.T) {
	s := withoutRetry(t, func(*call) answer { return refused("transformation failed") })
	rows, _ := named(0, 1000)
	var r refusal
	require.ErrorAs(t, s.start(t).ConsumeLogs(t.Context(), withUIDs(logsOf(t, rows...))), &r)
	assert.Equal(t, "content", r.RefusalClass())
	assert.LessOrEqual(t, len(s.service.requests()), 30)
}
