// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// A failure is logged once, with a hint, until the kind of failure changes. The
// recovery is logged once, too.
func TestHints(t *testing.T) {
	answers := []answer{
		{status: 404, code: "NotFound", message: "no rule"},
		{status: 404, code: "NotFound", message: "no rule, said differently"},
		{status: 403, code: "OperationFailed", message: "no access, trace 1"},
		{status: 403, code: "OperationFailed", message: "no access, trace 2"},
		{status: 403, code: "OperationFailed", message: "no access, trace 3"},
		{status: 401, code: "InvalidToken", message: "wrong audience"},
		broken,
	}
	s := newSetup(t, func(c *call) answer {
		if c.n <= len(answers) {
			return answers[c.n-1]
		}
		return accepted
	})
	e := s.start(t)
	rows, want := named(0, 1)
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
	assert.Equal(t, append(want, want...), s.service.rows())

	lines := s.logs.FilterMessageSnippet("does not accept rows").All()
	require.Len(t, lines, 4)
	for i, want := range []struct{ err, hint string }{
		{"stream Custom-Test of rule " + testRule + ": 404 Not Found: NotFound: no rule (request id request-1)", "The rule or stream does not exist"},
		{"403 Forbidden: OperationFailed: no access, trace 1 (request id request-3)", "needs the role Monitoring Metrics Publisher on the data collection rule " + testRule},
		{"401 Unauthorized: InvalidToken: wrong audience (request id request-6)", "check the credential's tenant, cloud and scope"},
	} {
		assert.Contains(t, lines[i].ContextMap()["error"], want.err)
		assert.Contains(t, lines[i].ContextMap()["hint"], want.hint)
		require.ErrorContains(t, s.host.statuses[i].Err(), want.err)
		require.ErrorContains(t, s.host.statuses[i].Err(), want.hint)
	}
	assert.NotContains(t, lines[3].ContextMap(), "hint")

	good := s.logs.FilterMessageSnippet("Recovered").All()
	require.Len(t, good, 1, "a recovery is logged once")
	assert.EqualValues(t, 7, good[0].ContextMap()["failures"])
	const bad = componentstatus.StatusRecoverableError
	assert.Equal(t, []componentstatus.Status{bad, bad, bad, bad, componentstatus.StatusOK}, s.host.reported())
}

// Where the caller retries, an answer to one row changes the status only if a request
// without rows is not accepted either.
func TestStatusAfterASingleRow(t *testing.T) {
	const bad, good = componentstatus.StatusRecoverableError, componentstatus.StatusOK
	for name, test := range map[string]struct {
		rows, empty answer
		together    componentstatus.Status // after a call with two rows
		alone       componentstatus.Status // and then one with one of them
	}{
		"a firewall":        {answer{status: 403}, accepted, bad, good},
		"a proxy":           {answer{status: 500}, accepted, bad, good},
		"no access":         {answer{status: 403}, answer{status: 403}, bad, bad},
		"too much to do":    {answer{status: 429}, accepted, bad, bad},
		"no answer":         {answer{cut: true}, accepted, bad, bad},
		"the row":           {refused("no"), accepted, componentstatus.StatusNone, componentstatus.StatusNone},
		"rows, and no rule": {refused("no"), answer{status: 404}, componentstatus.StatusNone, componentstatus.StatusNone},
	} {
		t.Run(name, func(t *testing.T) {
			s := withoutRetry(t, func(c *call) answer {
				if len(c.rows) == 0 {
					return test.empty
				}
				return test.rows
			})
			e := s.start(t)
			rows, _ := named(0, 2)
			require.Error(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
			assert.Equal(t, test.together, s.host.last().Status())
			require.Error(t, e.ConsumeLogs(t.Context(), logsOf(t, rows[:1]...)))
			assert.Equal(t, test.alone, s.host.last().Status())
		})
	}
}

// So it is with many rows that the service refuses one after another: the caller tries
// the others.
func TestStatusAfterManyRefusedRows(t *testing.T) {
	s := withoutRetry(t, func(*call) answer { return refused("no") })
	e := s.start(t)
	rows, _ := named(0, 2*maxRefusalsWithoutRetry)
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)), "consecutive rows")
	assert.Empty(t, s.host.reported())
}

// A canceled call says nothing about the service.
func TestCanceledCallsAreNoProblem(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newSetup(t, func(*call) answer { cancel(); return answer{cut: true} })
	e := s.start(t)
	rows, _ := named(0, 1)
	require.ErrorContains(t, e.ConsumeLogs(ctx, logsOf(t, rows...)), "cancel")
	assert.Empty(t, s.host.reported())
}

func TestPreflight(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*setup)
		answer  answer
		status  componentstatus.Status
		text    string
	}{
		"all is well": {func(*setup) {}, accepted, componentstatus.StatusNone, "Preflight succeeded"},
		"403":         {func(*setup) {}, answer{status: 403, code: "OperationFailed", message: "no access"}, componentstatus.StatusRecoverableError, "Monitoring Metrics Publisher"},
		"400":         {func(*setup) {}, refused("no such stream"), componentstatus.StatusRecoverableError, "no such stream"},
		"no token":    {func(s *setup) { s.config.Credential.Get().ClientSecret = "wrong" }, accepted, componentstatus.StatusRecoverableError, "AADSTS7000215"},
		"no service":  {func(s *setup) { s.service.Close() }, accepted, componentstatus.StatusRecoverableError, "no response"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, func(*call) answer { return test.answer })
			test.prepare(s)
			s.config.Preflight = true
			s.start(t)
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				assert.Equal(c, test.status, s.host.last().Status())
				assert.Contains(c, s.everything(), test.text)
			}, patience, pollInterval)
			for _, call := range s.service.requests() {
				assert.Empty(t, call.rows)
				assert.Equal(t, 2, call.size)
			}
		})
	}
}

// A preflight without a response delays neither start nor shutdown.
func TestPreflightIsNotWaitedFor(t *testing.T) {
	var asked atomic.Bool
	release := make(chan struct{})
	defer close(release)
	s := newSetup(t, func(*call) answer {
		asked.Store(true)
		<-release
		return accepted
	})
	s.config.Preflight = true
	_, stop := s.startAndStop(t)
	require.Eventually(t, asked.Load, patience, pollInterval)
	stop()
	assert.Empty(t, s.host.reported())
}

func TestStatusTextsAreKnown(t *testing.T) {
	f := &failure{target: target{testRule, testStream}, status: http.StatusForbidden, message: "m"}
	assert.Equal(t, "stream Custom-Test of rule "+testRule+": 403 Forbidden: m", f.Error())
}
