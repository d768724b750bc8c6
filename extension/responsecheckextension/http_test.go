// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

// refusalError is how others recognize the errors, by built-in types only.
type refusalError interface {
	error
	RefusalClass() string
	AcceptedRecords() []string
}

const (
	html      = "<html><head><title>Sign in</title></head></html>"
	jsonType  = "application/json"
	protoType = "application/x-protobuf"
)

// answerTest is an answer and what must become of it.
type answerTest struct {
	name   string
	answer reply
	// class is that of the error, empty if the exporter gets the answer unchanged.
	class     string
	permanent bool
	words     []string
}

// check posts to a server that gives the answer, and checks what becomes of it.
func (f *fixture) check(t *testing.T, test answerTest, path, body string, header map[string]string) {
	t.Helper()
	_ = f.refusal(t, test, path, body, header)
}

// refusal does the same and returns the error.
func (f *fixture) refusal(t *testing.T, test answerTest, path, body string, header map[string]string) refusalError {
	t.Helper()
	status, text, err := f.post(t, test.answer, path, body, header)
	if test.class == "" {
		require.NoError(t, err)
		assert.Equal(t, test.answer.status, status)
		assert.Equal(t, test.answer.body, text, "the exporter reads the whole answer")
		return nil
	}
	require.Error(t, err)
	var refused refusalError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, test.class, refused.RefusalClass(), "%v", err)
	assert.Equal(t, test.permanent, consumererror.IsPermanent(err), "permanent: %v", err)
	for _, words := range test.words {
		assert.Contains(t, err.Error(), words)
	}
	assert.NotContains(t, err.Error(), "\n")
	return refused
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	paths := map[string]string{
		"/services/collector": jsonType, "/_bulk": jsonType, "/v1/logs": protoType, "/v2.1/track": jsonType, "/anything": jsonType,
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		for path, kind := range paths {
			t.Run(http.StatusText(status)+path, func(t *testing.T) {
				var followed atomic.Int64
				elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					followed.Add(1)
					_, _ = io.WriteString(w, html)
				}))
				defer elsewhere.Close()
				f := newFixture(t, nil)
				test := answerTest{
					answer: reply{status: status, header: map[string]string{"Location": elsewhere.URL + "/login?ticket=abcdefgh"}},
					class:  "unknown", words: []string{"a redirect to " + elsewhere.URL + "/login, which is not followed"},
				}
				refused := f.refusal(t, test, path, "{}", map[string]string{"Content-Type": kind})
				assert.NotContains(t, refused.Error(), "abcdefgh")
				assert.Zero(t, followed.Load())
				assert.EqualValues(t, 1, f.counter(t, "responsecheck_redirects_refused", nil))
			})
		}
	}
}

func TestRequestsWithoutEventsPass(t *testing.T) {
	f := newFixture(t, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/services/collector/health": // as a real HEC answers
			_, _ = io.WriteString(w, `{"text":"HEC is healthy","code":17}`)
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
		default:
			_, _ = io.WriteString(w, html)
		}
	}))
	defer server.Close()
	client := f.client(t)
	for _, path := range []string{"/services/collector/health", "/", "/redirect"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, http.NoBody)
		require.NoError(t, err)
		res, err := client.Do(req)
		require.NoError(t, err, path)
		require.NoError(t, res.Body.Close())
	}
	for _, path := range []string{"/v1/traces", "/v1/metrics", "/v1development/profiles"} {
		_, _, err := f.post(t, reply{status: 200, body: html}, path, "", map[string]string{"Content-Type": protoType})
		require.NoError(t, err, path)
	}
}

func TestHTMLIsNoAnswerToAnyPost(t *testing.T) {
	f := newFixture(t, nil)
	for _, path := range []string{"/services/collector", "/services/collector/event", "/_bulk", "/x/_bulk", "/v1/logs", "/custom"} {
		f.check(t, answerTest{
			answer: reply{status: 200, header: map[string]string{"Content-Type": "text/html; charset=utf-8"}, body: html},
			class:  "unknown", words: []string{"HTTP 200"},
		}, path, "{}", map[string]string{"Content-Type": jsonType})
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	chunk := []byte(strings.Repeat(" ", 1<<16))
	for {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	f := newFixture(t, nil)
	for path, kind := range map[string]string{"/services/collector": jsonType, "/_bulk": jsonType, "/v1/logs": protoType} {
		_, _, err := f.post(t, endless{}, path, "{}", map[string]string{"Content-Type": kind})
		var refused refusalError
		require.ErrorAs(t, err, &refused, path)
		assert.Equal(t, "unknown", refused.RefusalClass())
		assert.Contains(t, err.Error(), "too long")
	}
}

func TestAnswerThatBreaksOff(t *testing.T) {
	f := newFixture(t, nil)
	broken := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"text":"Success",`)
	})
	_, _, err := f.post(t, broken, "/services/collector", "{}", nil)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.False(t, consumererror.IsPermanent(err))
	var refused refusalError
	assert.NotErrorAs(t, err, &refused, "the destination has said nothing")
}

// A proxy for debugging repeats the request's headers in its answer.
func TestWordsHideHeadersOfTheRequest(t *testing.T) {
	f := newFixture(t, nil)
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "no access, you sent: "+r.Header.Get("Authorization")+" and "+r.Header.Get("X-Api-Key")+" and s3cret-password")
	})
	for _, authorization := range []string{"Splunk 11111111-2222-3333-4444-555555555555", "Basic dXNlcjpzM2NyZXQtcGFzc3dvcmQ=" /* user:s3cret-password */} {
		_, _, err := f.post(t, echo, "/services/collector", "{}", map[string]string{"Authorization": authorization, "X-Api-Key": "key-0123456789"})
		require.ErrorContains(t, err, "no access, you sent")
		_, secret, _ := strings.Cut(authorization, " ")
		assert.NotContains(t, err.Error(), secret)
		assert.NotContains(t, err.Error(), "key-0123456789")
	}
	_, _, err := f.post(t, echo, "/services/collector", "{}", map[string]string{"Authorization": "Basic dXNlcjpzM2NyZXQtcGFzc3dvcmQ="})
	assert.NotContains(t, err.Error(), "s3cret-password")
}

func TestWordsAreOneShortLine(t *testing.T) {
	f := newFixture(t, nil)
	text := "first\nsecond \x1b[31mred \u202egnirts\u2028 end " + strings.Repeat("x", 100_000)
	_, _, err := f.post(t, reply{status: 500, body: text}, "/services/collector", "{}", nil)
	require.ErrorContains(t, err, `first second \u001b[31mred \u202egnirts end xxx`)
	assert.Less(t, len(err.Error()), 500)
	for _, r := range "\n\x1b\u202e\u2028" {
		assert.NotContains(t, err.Error(), string(r))
	}
}

// One instance serves several exporters at once.
func TestConcurrentUse(t *testing.T) {
	f := newFixture(t, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		switch r.URL.Path {
		case "/_bulk":
			_, _ = io.WriteString(w, bulkReply(created, item(400, "document_parsing_exception", "bad")).body)
		default:
			_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
		}
	}))
	defer server.Close()
	client := f.client(t)
	var wait sync.WaitGroup
	for i := range 32 {
		path, body := "/services/collector", "{}"
		if i%2 == 0 {
			path, body = "/_bulk", bulkBody(2)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		wait.Go(func() {
			res, err := client.Do(req)
			if i%2 == 0 {
				assert.ErrorContains(t, err, "uid-1")
			} else if assert.NoError(t, err) {
				assert.NoError(t, res.Body.Close())
			}
		})
	}
	wait.Wait()
	assert.EqualValues(t, 16, f.counter(t, "responsecheck_requests", map[string]string{"protocol": "elasticsearch", "outcome": "content"}))
	assert.EqualValues(t, 16, f.counter(t, "responsecheck_requests", map[string]string{"protocol": "splunk_hec", "outcome": "accepted"}))
}
