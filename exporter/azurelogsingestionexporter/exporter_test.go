// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
)

// rowOfSize is a row whose JSON has that many bytes.
func rowOfSize(t *testing.T, name string, size int) map[string]any {
	t.Helper()
	row := map[string]any{"EventUid": name}
	const overhead = len(",\"F00\":\"\"")
	left := size - len("{\"EventUid\":\"\"}") - len(name)
	for i := 0; left > 0; i++ {
		n := min(left-overhead, 60000)
		if rest := left - n - overhead; rest > 0 && rest < overhead {
			n -= overhead
		}
		row[fmt.Sprintf("F%02d", i)] = strings.Repeat("x", n)
		left -= n + overhead
	}
	record := plog.NewLogRecord()
	setRow(t, record, row)
	require.Len(t, encode(record), size)
	return row
}

func TestDelivers(t *testing.T) {
	for _, compression := range []configcompression.Type{"gzip", "none", ""} {
		t.Run(string(compression), func(t *testing.T) {
			s := newSetup(t, nil)
			s.config.ClientConfig.Compression = compression
			e := s.start(t)
			rows, want := named(0, 100)
			require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
			assert.Equal(t, want, s.service.rows())
			require.Len(t, s.service.requests(), 1)
			call := s.service.requests()[0]
			assert.Equal(t, testRule, call.rule)
			assert.Equal(t, testStream, call.stream)
			if compression == "gzip" {
				assert.Less(t, call.received, call.size/2)
			} else {
				assert.Equal(t, call.size, call.received)
			}
			assert.EqualValues(t, 100, s.counted(t, "rows_accepted"))
			assert.EqualValues(t, 1, s.counted(t, "requests", "204"))
			assert.Empty(t, s.messages())
		})
	}
}

func TestNothingToSend(t *testing.T) {
	s := newSetup(t, nil)
	e := s.start(t)
	require.NoError(t, e.ConsumeLogs(t.Context(), plog.NewLogs()))
	assert.Empty(t, s.service.requests())
}

// The records of several resources and scopes share requests.
func TestResourcesShareRequests(t *testing.T) {
	s := newSetup(t, nil)
	e := s.start(t)
	rows, want := named(0, 6)
	logs := plog.NewLogs()
	addRows(t, logs, map[string]any{"service.name": "a"}, rows[:2]...)
	addRows(t, logs, nil)
	addRows(t, logs, map[string]any{"service.name": "b"}, rows[2:3]...)
	for _, row := range rows[3:] {
		setRow(t, logs.ResourceLogs().At(2).ScopeLogs().AppendEmpty().LogRecords().AppendEmpty(), row)
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
	assert.Equal(t, want, s.service.rows())
	assert.Len(t, s.service.requests(), 1)
}

// A request has 1,000,000 bytes at most, brackets and commas included.
func TestRequestsAreFilledToTheLimit(t *testing.T) {
	for name, test := range map[string]struct {
		sizes []int
		want  []int // of requests
	}{
		"one row":       {[]int{999_998}, []int{1_000_000}},
		"two rows":      {[]int{500_000, 499_997}, []int{1_000_000}},
		"one too many":  {[]int{500_000, 499_998}, []int{500_002, 500_000}},
		"small between": {[]int{100, 999_998, 100}, []int{102, 1_000_000, 102}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, nil)
			s.config.ClientConfig.Compression = "none"
			e := s.start(t)
			var rows []map[string]any
			for i, size := range test.sizes {
				rows = append(rows, rowOfSize(t, fmt.Sprint(i), size))
			}
			require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
			var sizes []int
			for _, call := range s.service.requests() {
				sizes = append(sizes, call.size)
			}
			assert.Equal(t, test.want, sizes)
			assert.Len(t, s.service.rows(), len(test.sizes))
		})
	}
}

func TestRowsThatCannotFitAreDropped(t *testing.T) {
	s := newSetup(t, nil)
	e := s.start(t)
	tooLong := rowOfSize(t, "giant", 999_999)
	unnamed := rowOfSize(t, "", 1_100_000)
	delete(unnamed, "EventUid")
	unnamed["F99"] = "so that it stays too long"
	rows, want := named(0, 3)
	err := e.ConsumeLogs(t.Context(), logsOf(t, rows[0], tooLong, rows[1], unnamed, rows[2]))
	require.ErrorContains(t, err, "2 of 5 rows were refused, the first at index 1")
	assert.True(t, consumererror.IsPermanent(err))
	assert.Equal(t, want, s.service.rows())
	assert.EqualValues(t, 2, s.counted(t, "rows_dropped", "too_large"))
	lines := s.logs.FilterMessageSnippet("Dropped").All()
	require.Len(t, lines, 2)
	assert.Equal(t, []any{"giant"}, lines[0].ContextMap()["EventUid"])
	assert.EqualValues(t, 1, lines[0].ContextMap()["index"])
	assert.Contains(t, lines[0].ContextMap()["error"], "999999 bytes")
	assert.NotContains(t, lines[1].ContextMap(), "EventUid")
	assert.EqualValues(t, 3, lines[1].ContextMap()["index"])

	err = e.ConsumeLogs(t.Context(), logsOf(t, tooLong))
	assert.True(t, consumererror.IsPermanent(err), "nothing of it could be sent: %v", err)
}

func TestTruncatedFieldsAreCountedOnce(t *testing.T) {
	s := newSetup(t, func(c *call) answer {
		if c.n == 1 {
			return broken
		}
		return accepted
	})
	e := s.start(t)
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, textRow("a", strings.Repeat("x", 70000)), textRow("b", "y"))))
	assert.EqualValues(t, 1, s.counted(t, "fields_truncated"))
	assert.Contains(t, s.service.rows()[0], "\"TruncatedFields\":\"Text\"")
}

// After a 413, smaller requests are sent, down to a single row.
func TestTooLargeIsHalved(t *testing.T) {
	s := newSetup(t, func(c *call) answer {
		if len(c.rows) > 3 || strings.Contains(c.text(), "row7\"") {
			return answer{status: http.StatusRequestEntityTooLarge, code: "ContentLengthLimitExceeded", message: "too long"}
		}
		return accepted
	})
	e := s.start(t)
	rows, want := named(0, 20)
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)), "1 of 20 rows were refused, the first at index 7")
	assert.Equal(t, append(want[:7], want[8:]...), s.service.rows())
	assert.EqualValues(t, 1, s.counted(t, "rows_dropped", "too_large"))
}

// Only invalid rows are dropped, wherever they are.
func TestOnlyInvalidRowsAreDropped(t *testing.T) {
	for name, bad := range map[string][]int{"first": {0}, "last": {36}, "middle": {17, 18}, "many": {0, 3, 4, 5, 20, 35, 36}} {
		t.Run(name, func(t *testing.T) {
			rows, json := named(0, 37)
			isBad := map[string]bool{}
			for _, i := range bad {
				isBad[json[i]] = true
			}
			s := newSetup(t, func(c *call) answer {
				for i, row := range c.rows {
					if isBad[string(row)] {
						return refused(fmt.Sprintf("record %d: column Text is no datetime", i))
					}
				}
				return accepted
			})
			e := s.start(t)
			err := e.ConsumeLogs(t.Context(), logsOf(t, rows...))
			assert.True(t, consumererror.IsPermanent(err))
			require.ErrorContains(t, err, fmt.Sprintf("%d of 37 rows were refused, the first at index %d", len(bad), bad[0]))
			require.ErrorContains(t, err, "column Text is no datetime")
			want := []string{}
			for _, row := range json {
				if !isBad[row] {
					want = append(want, row)
				}
			}
			assert.Equal(t, want, s.service.rows())
			assert.EqualValues(t, len(bad), s.counted(t, "rows_dropped", "refused"))
			lines := s.logs.FilterMessageSnippet("Dropped").All()
			require.Len(t, lines, len(bad))
			for i, line := range lines {
				assert.Equal(t, []any{fmt.Sprintf("row%d", bad[i])}, line.ContextMap()["EventUid"])
				assert.EqualValues(t, bad[i], line.ContextMap()["index"])
				assert.Contains(t, line.ContextMap()["error"], "400 Bad Request: InvalidRecord: record 0: column Text is no datetime (request id request-")
				assert.Contains(t, line.ContextMap()["error"], testStream)
			}
		})
	}
}

// When the service refuses every row, the rule is broken: at most 100 rows are
// dropped for each attempt.
func TestABrokenRuleDoesNotCostThousandsOfRequests(t *testing.T) {
	s := newSetup(t, func(*call) answer { return refused("transformation failed") })
	e := s.startWithoutHelper(t)
	rows, _ := named(0, 1000)
	err := e.push(t.Context(), logsOf(t, rows...))
	var rest consumererror.Logs
	require.ErrorAs(t, err, &rest)
	assert.Equal(t, 900, rest.Data().LogRecordCount())
	assert.Less(t, len(s.service.requests()), 250)
	assert.EqualValues(t, 100, s.counted(t, "rows_dropped", "refused"))
	require.ErrorContains(t, err, "transformation failed")
	assert.Equal(t, componentstatus.StatusRecoverableError, s.host.last().Status())
}

// Invalid rows between valid ones do not look like a broken rule, however many
// there are.
func TestManyBadRowsBetweenGoodOnes(t *testing.T) {
	s := newSetup(t, func(c *call) answer {
		if strings.Contains(c.text(), `1","Text"`) || strings.Contains(c.text(), `3","Text"`) {
			return refused("its name ends in 1 or 3")
		}
		return accepted
	})
	s.config.BackOffConfig.Enabled = false
	e := s.start(t)
	rows, _ := named(0, 1000)
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)), "200 of 1000 rows were refused")
	assert.Len(t, s.service.rows(), 800)
	assert.EqualValues(t, 200, s.counted(t, "rows_dropped", "refused"))
}

// After a temporary failure, rows are retried, and each row arrives once.
func TestTemporaryErrors(t *testing.T) {
	for name, a := range map[string]answer{
		"401":            {status: 401, code: "AuthenticationFailed", message: "?"},
		"403":            {status: 403, code: "OperationFailed", message: "?"},
		"404":            {status: 404, code: "NotFound", message: "?"},
		"405":            {status: 405},
		"408":            {status: 408},
		"415":            {status: 415, code: "UnsupportedMediaType", message: "no"},
		"200":            {status: 200},
		"200 with error": {status: 200, code: "InternalServerError", message: "not really"},
		"202":            {status: 202},
		"429":            {status: 429},
		"429 now":        {status: 429, retryAfter: "0"},
		"429 past":       {status: 429, retryAfter: "Wed, 21 Oct 2015 07:28:00 GMT"},
		"500":            broken,
		"502":            {status: 502},
		"503":            {status: 503, retryAfter: "soon"},
		"redirect":       {status: 307},
		"no response":    {cut: true},
		"unknown error":  {status: 599},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, func(c *call) answer {
				if c.n <= 3 {
					return a
				}
				return accepted
			})
			e := s.start(t)
			rows, want := named(0, 10)
			require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
			assert.Equal(t, want, s.service.rows())
			assert.Len(t, s.service.requests(), 4)
			assert.EqualValues(t, 10, s.counted(t, "rows_accepted"))
			assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.reported())
			assert.Equal(t, []string{"The service does not accept rows", "Recovered: the service accepts rows"}, s.messages())
		})
	}
}

// The helper waits for as long as Retry-After says, ten minutes at most.
func TestRetryAfter(t *testing.T) {
	s := newSetup(t, func(c *call) answer {
		if c.n == 1 {
			return answer{status: 429, retryAfter: "3600"}
		}
		return accepted
	})
	s.config.BackOffConfig.MaxElapsedTime = time.Minute // so that the helper stops instead of waiting an hour
	e := s.start(t)
	rows, _ := named(0, 1)
	err := e.ConsumeLogs(t.Context(), logsOf(t, rows...))
	require.ErrorContains(t, err, "Throttle (10m0s)")
	require.ErrorContains(t, err, "no more retries left")
	assert.False(t, consumererror.IsPermanent(err))
	assert.Len(t, s.service.requests(), 1)
}

func TestRetryAfterOfAPartIsKept(t *testing.T) {
	s := newSetup(t, func(c *call) answer {
		if c.n == 2 {
			return answer{status: 503, retryAfter: "3600"}
		}
		return accepted
	})
	s.config.BackOffConfig.MaxElapsedTime = time.Minute
	e := s.start(t)
	err := e.ConsumeLogs(t.Context(), logsOf(t, rowOfSize(t, "a", 600_000), rowOfSize(t, "b", 600_000)))
	require.ErrorContains(t, err, "Throttle (10m0s)")
	assert.Len(t, s.service.rows(), 1)
}

// Rows that were accepted before a failure are not sent again.
func TestOnlyPendingRowsAreReturned(t *testing.T) {
	s := newSetup(t, func(c *call) answer {
		if c.n == 2 || c.n == 4 {
			return broken
		}
		return accepted
	})
	s.config.BackOffConfig.Enabled = false
	e := s.start(t)
	logs := plog.NewLogs()
	addRows(t, logs, map[string]any{"r": "1"}, rowOfSize(t, "a", 600_000), rowOfSize(t, "b", 600_000))
	addRows(t, logs, map[string]any{"r": "2"}, rowOfSize(t, "c", 600_000))
	logs.ResourceLogs().At(1).SetSchemaUrl("https://schema")
	logs.ResourceLogs().At(1).ScopeLogs().At(0).SetSchemaUrl("https://scope-schema")
	logs.ResourceLogs().At(1).ScopeLogs().At(0).Scope().SetName("scope")
	logs.MarkReadOnly()

	err := e.ConsumeLogs(t.Context(), logs)
	var rest consumererror.Logs
	require.ErrorAs(t, err, &rest)
	assert.False(t, consumererror.IsPermanent(err))
	require.Equal(t, 2, rest.Data().LogRecordCount())
	require.Equal(t, 2, rest.Data().ResourceLogs().Len())
	want := plog.NewLogs()
	logs.CopyTo(want)
	want.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().RemoveIf(func(r plog.LogRecord) bool { return uidOf(r) == "a" })
	assert.Equal(t, want, rest.Data())

	err = e.ConsumeLogs(t.Context(), rest.Data())
	require.ErrorAs(t, err, &rest)
	require.Equal(t, 1, rest.Data().LogRecordCount())
	assert.Equal(t, "c", uidOf(rest.Data().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)))
	require.NoError(t, e.ConsumeLogs(t.Context(), rest.Data()))
	assert.Equal(t, []string{"a", "b", "c"}, uidsOf(t, s.service.rows()))
}

func uidsOf(t *testing.T, rows []string) []string {
	t.Helper()
	uids := []string{}
	for _, row := range rows {
		var r struct {
			UID string `json:"EventUid"`
		}
		require.NoError(t, json.Unmarshal([]byte(row), &r))
		uids = append(uids, r.UID)
	}
	return uids
}

// The exporter helper retries only the pending rows.
func TestHelperRetriesPendingRows(t *testing.T) {
	s := newSetup(t, func(c *call) answer {
		if c.n%2 == 0 {
			return broken
		}
		return accepted
	})
	e := s.start(t)
	var rows []map[string]any
	var want []string
	for i := range 6 {
		want = append(want, fmt.Sprint(i))
		rows = append(rows, rowOfSize(t, want[i], 600_000))
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
	assert.Equal(t, want, uidsOf(t, s.service.rows()))
	assert.EqualValues(t, 6, s.counted(t, "rows_accepted"))
}

func TestResourcesChooseTheTarget(t *testing.T) {
	const otherRule = "dcr-ffffffffffffffffffffffffffffffff"
	s := newSetup(t, nil)
	e := s.start(t)
	rows, _ := named(0, 6)
	logs := plog.NewLogs()
	addRows(t, logs, nil, rows[0])
	addRows(t, logs, map[string]any{"azure.dcr.rule_id": otherRule, "azure.dcr.stream_name": "Custom-Other_CL"}, rows[1])
	addRows(t, logs, map[string]any{"azure.dcr.stream_name": "Custom-Other_CL"}, rows[2], rows[3])
	addRows(t, logs, nil, rows[4])
	addRows(t, logs, map[string]any{"azure.dcr.stream_name": "Other/../.."}, rows[5])
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), logs), "1 of 6 rows were refused, the first at index 5")
	got := map[string][]string{}
	for _, c := range s.service.requests() {
		for _, row := range c.rows {
			got[c.rule+" "+c.stream] = append(got[c.rule+" "+c.stream], uidsOf(t, []string{string(row)})...)
		}
	}
	assert.Equal(t, map[string][]string{
		testRule + " Custom-Test":      {"row0", "row4"},
		otherRule + " Custom-Other_CL": {"row1"},
		testRule + " Custom-Other_CL":  {"row2", "row3"},
	}, got)
	assert.EqualValues(t, 1, s.counted(t, "rows_dropped", "invalid_target"))
	require.ErrorContains(t, errors.New(s.everything()), "resource attribute azure.dcr.stream_name: `stream_name` is \"Other/../..\"")
}

// A failing rule does not delay rows for another.
func TestTargetsFailByThemselves(t *testing.T) {
	var granted atomic.Bool
	s := newSetup(t, func(c *call) answer {
		if c.stream == "Custom-Denied" && !granted.Load() {
			return answer{status: 403, code: "OperationFailed", message: "no access"}
		}
		return accepted
	})
	s.config.BackOffConfig.Enabled = false
	e := s.start(t)
	rows, json := named(0, 3)
	logs := plog.NewLogs()
	addRows(t, logs, map[string]any{"azure.dcr.stream_name": "Custom-Denied"}, rows[0], rows[1])
	addRows(t, logs, nil, rows[2])
	err := e.ConsumeLogs(t.Context(), logs)
	var rest consumererror.Logs
	require.ErrorAs(t, err, &rest)
	assert.Equal(t, 2, rest.Data().LogRecordCount())
	assert.Equal(t, json[2:], s.service.rows())
	assert.Equal(t, componentstatus.StatusRecoverableError, s.host.last().Status(), "one of two works")
	granted.Store(true)
	require.NoError(t, e.ConsumeLogs(t.Context(), rest.Data()))
	assert.Equal(t, componentstatus.StatusOK, s.host.last().Status())
}

func TestExplanations(t *testing.T) {
	for body, want := range map[string][2]string{
		"":                      {"", "the response has no explanation"},
		"<html>\n  Bad gateway": {"", "<html> Bad gateway"},
		"\"text\"":              {"", "\"text\""},
		"{\"error\":{\"code\":\"C\",\"message\":\"two\\nlines\"}}": {"C", "two lines"},
		"{\"error\":{\"code\":\"C\"}}":                             {"C", "{\"error\":{\"code\":\"C\"}}"},
		"\xff" + strings.Repeat("x", 600):                          {"", "\uFFFD" + strings.Repeat("x", 497)},
	} {
		code, message := parseError([]byte(body))
		assert.Equal(t, want, [2]string{code, message})
	}
}
