// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// serviceLimit is the documented limit of a call, in its smaller reading.
const serviceLimit = 1_000_000

// call is a request as the service sees it.
type call struct {
	n              int // counts from 1
	rule, stream   string
	bearer         string
	rows           []json.RawMessage
	size, received int // before and after compression
}

func (c *call) text() string {
	parts := make([]string, len(c.rows))
	for i, r := range c.rows {
		parts[i] = string(r)
	}
	return strings.Join(parts, ",")
}

// answer is what the service does with a request.
type answer struct {
	status     int
	code       string
	message    string
	retryAfter string
	cut        bool // ends the connection instead
}

var (
	accepted = answer{status: http.StatusNoContent}
	broken   = answer{status: http.StatusInternalServerError, code: "InternalServerError", message: "try later"}
)

func refused(message string) answer {
	return answer{status: http.StatusBadRequest, code: "InvalidRecord", message: message}
}

// service behaves like the Logs Ingestion API: it checks requests against the
// API's documentation, and otherwise responds as a test says.
type service struct {
	*httptest.Server
	answer func(*call) answer // nil: accepts everything

	mu       sync.Mutex
	audience string // of the tokens that it accepts; empty: it accepts any
	calls    []*call
	accepted []json.RawMessage // rows, in order
	wrong    []string          // violations of the documentation
}

var servicePath = regexp.MustCompile("^/dataCollectionRules/(dcr-[0-9a-f]{32})/streams/(Custom-[^/]+)$")

// newService fails the test at its end if a request violated the documentation.
func newService(t testing.TB, answer func(*call) answer) *service {
	t.Helper()
	s := &service{answer: answer, audience: "https://monitor.azure.com"}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		assert.Empty(t, s.wrong, "requests that the service's documentation does not allow")
	})
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, problem := readCall(r)
	s.mu.Lock()
	c.n = len(s.calls) + 1
	s.calls = append(s.calls, c)
	if problem == "" && s.audience != "" && audienceOf(c.bearer) != s.audience {
		problem = fmt.Sprintf("token %q is not for %s", c.bearer, s.audience)
	}
	if problem != "" {
		s.wrong = append(s.wrong, problem)
	}
	s.mu.Unlock()
	a := accepted
	if problem != "" {
		a = refused(problem)
	} else if s.answer != nil {
		a = s.answer(c)
	}
	if a.status == http.StatusNoContent {
		s.mu.Lock()
		s.accepted = append(s.accepted, c.rows...)
		s.mu.Unlock()
	}
	respond(w, c, a)
}

func respond(w http.ResponseWriter, c *call, a answer) {
	if a.cut {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("x-ms-request-id", fmt.Sprintf("request-%d", c.n))
	if a.retryAfter != "" {
		w.Header().Set("Retry-After", a.retryAfter)
	}
	w.WriteHeader(a.status)
	if a.code != "" {
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": a.code, "message": a.message}})
	}
}

// readCall also says what is wrong with a request.
func readCall(r *http.Request) (c *call, problem string) {
	c = &call{bearer: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")}
	path := servicePath.FindStringSubmatch(r.URL.EscapedPath())
	if path == nil {
		return c, "path " + r.URL.EscapedPath()
	}
	c.rule, c.stream = path[1], path[2]
	body, err := io.ReadAll(r.Body)
	c.received = len(body)
	switch {
	case err != nil:
		return c, "body: " + err.Error()
	case r.Method != http.MethodPost:
		return c, "method " + r.Method
	case r.URL.RawQuery != "api-version=2023-01-01":
		return c, "query " + r.URL.RawQuery
	case r.Header.Get("Content-Type") != "application/json":
		return c, "content type " + r.Header.Get("Content-Type")
	case c.received > serviceLimit:
		return c, "received " + strconv.Itoa(c.received) + " bytes"
	}
	return c, c.decode(body, r.Header.Get("Content-Encoding"))
}

func (c *call) decode(body []byte, encoding string) (problem string) {
	switch encoding {
	case "":
	case "gzip":
		unzipped, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return "gzip: " + err.Error()
		}
		if body, err = io.ReadAll(unzipped); err != nil {
			return "gzip: " + err.Error()
		}
	default:
		return "content encoding " + encoding
	}
	c.size = len(body)
	if c.size > serviceLimit {
		return "decompressed " + strconv.Itoa(c.size) + " bytes"
	}
	if !utf8.Valid(body) {
		return "no UTF-8"
	}
	if err := json.Unmarshal(body, &c.rows); err != nil {
		return "no JSON array: " + err.Error()
	}
	return ""
}

func (s *service) requests() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*call{}, s.calls...)
}

// rows is the accepted rows as text.
func (s *service) rows() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := []string{}
	for _, r := range s.accepted {
		rows = append(rows, string(r))
	}
	return rows
}
