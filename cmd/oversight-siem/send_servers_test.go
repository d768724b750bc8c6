// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// siemServer responds like one of the destinations, after the faults of a test.
type siemServer struct {
	*httptest.Server
	accept func(r *http.Request, body []byte) (status int, response string)

	mu       sync.Mutex // guards what follows
	faults   []http.HandlerFunc
	requests []received
	ids      []string // of the events that were accepted, in order
	known    map[string]bool
}

// received is a request that arrived.
type received struct {
	at     time.Time
	header http.Header
	host   string
	url    string
	body   []byte
	events int
}

func newServer(t *testing.T, accept func(*siemServer) func(*http.Request, []byte) (int, string), faults ...http.HandlerFunc) *siemServer {
	t.Helper()
	s := &siemServer{faults: faults, known: map[string]bool{}}
	s.accept = accept(s)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *siemServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := plain(r)
	s.requests = append(s.requests, received{at: time.Now(), header: r.Header.Clone(), host: r.Host, url: r.URL.String(), body: body})
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case len(s.faults) > 0:
		fault := s.faults[0]
		s.faults = s.faults[1:]
		if fault != nil {
			fault(w, r)
			return
		}
	}
	before := len(s.ids)
	status, response := s.accept(r, body)
	s.requests[len(s.requests)-1].events = len(s.ids) - before
	w.WriteHeader(status)
	fmt.Fprint(w, response)
}

func plain(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Encoding") != "gzip" {
		return body, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

// seen returns the requests and ids so far.
func (s *siemServer) seen() ([]received, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.ids
}

// status is a fault that responds with a status, a text and headers.
func status(code int, text string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, text)
	}
}

// cut is a fault that closes the connection within the response.
func cut(w http.ResponseWriter, _ *http.Request) {
	connection, buffer, err := w.(http.Hijacker).Hijack()
	if err == nil {
		fmt.Fprint(buffer, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"te")
		buffer.Flush()
		connection.Close()
	}
}

// drop is a fault that closes the connection without a response.
func drop(w http.ResponseWriter, _ *http.Request) {
	if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
		connection.Close()
	}
}

const hecToken = "0b5d7e4e-7a9b-4b4a-8f5d-3e3c3a3f1d2c"

// hec is Splunk's HTTP Event Collector
// (docs.splunk.com, "Format events for HTTP Event Collector" and "Troubleshoot HTTP Event Collector").
func hec(s *siemServer) func(*http.Request, []byte) (int, string) {
	return func(r *http.Request, body []byte) (int, string) {
		switch {
		case r.Method != http.MethodPost || r.URL.Path != "/services/collector/event":
			return http.StatusNotFound, `{"text":"The requested URL was not found on this server.","code":404}`
		case r.Header.Get("Authorization") == "":
			return http.StatusUnauthorized, `{"text":"Token is required","code":2}`
		case r.Header.Get("Authorization") != "Splunk "+hecToken:
			return http.StatusForbidden, `{"text":"Invalid token","code":4}`
		}
		decoder := json.NewDecoder(bytes.NewReader(body))
		var accepted []string
		for number := 0; ; number++ {
			var event struct {
				Time                            json.Number
				Host, Source, Sourcetype, Index string
				Event                           map[string]any
				Fields                          map[string]any
			}
			decoder.DisallowUnknownFields()
			err := decoder.Decode(&event)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return http.StatusBadRequest, fmt.Sprintf(`{"text":"Invalid data format","code":6,"invalid-event-number":%d}`, number)
			}
			if len(event.Event) == 0 {
				return http.StatusBadRequest, fmt.Sprintf(`{"text":"Event field is required","code":12,"invalid-event-number":%d}`, number)
			}
			for _, value := range event.Fields {
				if _, flat := value.(string); !flat {
					return http.StatusBadRequest, fmt.Sprintf(`{"text":"Error in handling indexed fields","code":15,"invalid-event-number":%d}`, number)
				}
			}
			accepted = append(accepted, fmt.Sprint(event.Event["event_id"]))
		}
		if len(accepted) == 0 {
			return http.StatusBadRequest, `{"text":"No data","code":5}`
		}
		s.ids = append(s.ids, accepted...)
		return http.StatusOK, `{"text":"Success","code":0}`
	}
}

// elastic is Elasticsearch's bulk API on a data stream. An event whose id is in
// itemFaults gets those statuses first.
func elastic(itemFaults map[string][]int) func(*siemServer) func(*http.Request, []byte) (int, string) {
	return func(s *siemServer) func(*http.Request, []byte) (int, string) {
		return func(r *http.Request, body []byte) (int, string) {
			if r.Header.Get("Content-Type") != "application/x-ndjson" {
				return http.StatusNotAcceptable, `{"error":"Content-Type header [` + r.Header.Get("Content-Type") + `] is not supported","status":406}`
			}
			if !bytes.HasSuffix(body, []byte("\n")) {
				return http.StatusBadRequest, `{"error":{"type":"illegal_argument_exception","reason":"The bulk request must be terminated by a newline [\\n]"},"status":400}`
			}
			rows := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
			var items []string
			for i := 0; i+1 < len(rows); i += 2 {
				items = append(items, s.create(rows[i], rows[i+1], itemFaults))
			}
			return http.StatusOK, fmt.Sprintf(`{"took":1,"errors":%t,"items":[%s]}`, strings.Contains(strings.Join(items, ""), `"error"`), strings.Join(items, ","))
		}
	}
}

// create is one item of a bulk request.
func (s *siemServer) create(action, text string, itemFaults map[string][]int) (item string) {
	var head struct {
		Create struct {
			ID string `json:"_id"`
		}
	}
	var document struct {
		Timestamp string `json:"@timestamp"`
		Event     struct{ ID string }
	}
	fail := func(status int, kind, reason string) string {
		return fmt.Sprintf(`{"create":{"_id":%q,"status":%d,"error":{"type":%q,"reason":%q}}}`, head.Create.ID, status, kind, reason)
	}
	if json.Unmarshal([]byte(action), &head) != nil || json.Unmarshal([]byte(text), &document) != nil || len(head.Create.ID) != 32 {
		return fail(http.StatusBadRequest, "illegal_argument_exception", "Malformed action/metadata line")
	}
	if statuses := itemFaults[document.Event.ID]; len(statuses) > 0 {
		itemFaults[document.Event.ID] = statuses[1:]
		return fail(statuses[0], "es_rejected_execution_exception", "rejected execution of coordinating operation")
	}
	if document.Timestamp == "" {
		return fail(http.StatusBadRequest, "document_parsing_exception", "[1:20] failed to parse: data stream timestamp field [@timestamp] is missing")
	}
	if s.known[head.Create.ID] {
		return fail(http.StatusConflict, "version_conflict_engine_exception", "["+head.Create.ID+"]: version conflict, document already exists (current version [1])")
	}
	s.known[head.Create.ID] = true
	s.ids = append(s.ids, document.Event.ID)
	return fmt.Sprintf(`{"create":{"_id":%q,"status":201,"result":"created"}}`, head.Create.ID)
}

const workspace = "6f2c0b4e-1111-2222-3333-444455556666"

var sharedKey = base64.StdEncoding.EncodeToString([]byte("a shared key of a workspace, 64 bytes in real life"))

// dataCollector is the Log Analytics Data Collector API
// (learn.microsoft.com, "Send log data to Azure Monitor by using the HTTP Data Collector API").
func dataCollector(s *siemServer) func(*http.Request, []byte) (int, string) {
	return func(r *http.Request, body []byte) (int, string) {
		key, _ := base64.StdEncoding.DecodeString(sharedKey)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(strings.Join([]string{
			"POST", strconv.Itoa(len(body)), "application/json", "x-ms-date:" + r.Header.Get("x-ms-date"), "/api/logs",
		}, "\n")))
		date, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", r.Header.Get("x-ms-date"))
		switch {
		case r.URL.Path != "/api/logs" || r.URL.Query().Get("api-version") != "2016-04-01":
			return http.StatusNotFound, `{"Error":"NotFound"}`
		case err != nil || time.Since(date).Abs() > 15*time.Minute:
			return http.StatusForbidden, `{"Error":"InvalidAuthorization","Message":"x-ms-date"}`
		case r.Header.Get("Authorization") != "SharedKey "+workspace+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)):
			return http.StatusForbidden, `{"Error":"InvalidAuthorization","Message":"An invalid signature was specified in the Authorization header"}`
		case r.Header.Get("Content-Type") != "application/json":
			return http.StatusBadRequest, `{"Error":"UnsupportedContentType"}`
		case r.Header.Get("Log-Type") == "" || r.Header.Get("time-generated-field") != "TimeGenerated":
			return http.StatusBadRequest, `{"Error":"MissingLogType"}`
		}
		return rows(s, body)
	}
}

// array is any endpoint that accepts a JSON array, in ECS or in Sentinel's format.
func array(s *siemServer) func(*http.Request, []byte) (int, string) {
	return func(_ *http.Request, body []byte) (int, string) { return rows(s, body) }
}

func rows(s *siemServer, body []byte) (int, string) {
	var documents []struct {
		EventID string `json:"EventId"`
		Event   struct{ ID string }
	}
	if err := json.Unmarshal(body, &documents); err != nil || len(documents) == 0 {
		return http.StatusBadRequest, `{"Error":"InvalidDataFormat"}`
	}
	for _, d := range documents {
		s.ids = append(s.ids, d.EventID+d.Event.ID)
	}
	return http.StatusOK, ""
}

// assertBounded checks that no request exceeds the limits.
func assertBounded(t *testing.T, requests []received, events, size int) {
	t.Helper()
	for _, r := range requests {
		assert.LessOrEqual(t, r.events, events)
		if r.events > 1 {
			assert.LessOrEqual(t, len(r.body), size)
		}
	}
}
