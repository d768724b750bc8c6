// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
)

const hecToken = "00000000-1111-2222-3333-444444444444"

// hec is a fake of Splunk's HTTP Event Collector, with the responses of
// https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector.
type hec struct {
	*destination

	mu     sync.Mutex
	events []map[string]any // in the order of arrival
	// token is the one that is valid.
	token string
	// acknowledge says whether the token has indexer acknowledgement on: requests need
	// a channel then.
	acknowledge bool
	// maxContentLength is the limit of a request; 0: none. limits.conf has it in
	// [http_input]: 838,860,800 by default, 1,000,000 in old versions, and proxies
	// in front have limits of their own, nginx 1 MB (client_max_body_size). This
	// one counts after decompression, which is stricter than nginx.
	maxContentLength int
	// indexes are those that the token may write to; nil: all. An event without an
	// index goes to the token's default.
	indexes []string
	// refuseEvent says whether an event is not valid. The whole request is then
	// refused. May be nil.
	refuseEvent func(event map[string]any) bool
}

func newHEC(t testing.TB) *hec {
	t.Helper()
	h := &hec{token: hecToken}
	h.destination = newDestination(t, http.HandlerFunc(h.serve))
	return h
}

func (h *hec) serve(w http.ResponseWriter, r *http.Request) {
	respond := func(status, code int, text string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"text":%q,"code":%d}`, text, code)
	}
	h.mu.Lock()
	token, limit, acknowledge := h.token, h.maxContentLength, h.acknowledge
	h.mu.Unlock()
	switch {
	case r.URL.Path == "/services/collector/health":
		respond(http.StatusOK, 17, "HEC is healthy")
		return
	case r.URL.Path != "/services/collector" && r.URL.Path != "/services/collector/event":
		respond(http.StatusNotFound, 404, "The requested URL was not found on this server.")
		return
	case r.Header.Get("Authorization") == "":
		respond(http.StatusUnauthorized, 2, "Token is required")
		return
	case r.Header.Get("Authorization") != "Splunk "+token:
		respond(http.StatusForbidden, 4, "Invalid token")
		return
	case acknowledge && r.Header.Get("X-Splunk-Request-Channel") == "":
		respond(http.StatusBadRequest, 10, "Data channel is missing")
		return
	}
	text, err := body(r)
	if err != nil {
		respond(http.StatusBadRequest, 6, "Invalid data format")
		return
	}
	if limit > 0 && len(text) > limit {
		// splunkd answers before it looks at the events, and not in JSON.
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprintf(w, "<!doctype html><html><head><title>413 Content-Length of %[1]d too large (maximum is %[2]d)</title></head>"+
			"<body><h1>Content-Length of %[1]d too large (maximum is %[2]d)</h1></body></html>", len(text), limit)
		return
	}
	events, code, err := parseHEC(text)
	if err != nil {
		respond(http.StatusBadRequest, code, err.Error())
		return
	}
	h.mu.Lock()
	number, code, reason := h.check(events)
	if code == 0 {
		h.events = append(h.events, withoutCheckpointRecords(events)...)
	}
	h.mu.Unlock()
	if code != 0 {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"text":%q,"code":%d,"invalid-event-number":%d}`, reason, code, number)
		return
	}
	respond(http.StatusOK, 0, "Success")
}

// check returns the number of the first event that is refused, counted from 0, and
// why.
func (h *hec) check(events []map[string]any) (number, code int, reason string) {
	for i, event := range events {
		index, _ := event["index"].(string)
		if index != "" && h.indexes != nil && !slices.Contains(h.indexes, index) {
			return i, 7, "Incorrect index"
		}
		if h.refuseEvent != nil && h.refuseEvent(event) {
			return i, 6, "Invalid data format"
		}
	}
	return 0, 0, ""
}

// set changes what it accepts while it runs.
func (h *hec) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// parseHEC decodes concatenated events and checks what HEC checks.
func parseHEC(text []byte) (events []map[string]any, code int, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var event map[string]any
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			break
		} else if err != nil { // for example an array
			return nil, 6, errors.New("Invalid data format")
		}
		if _, ok := event["event"]; !ok {
			return nil, 12, errors.New("Event field is required")
		}
		if event["event"] == "" {
			return nil, 13, errors.New("Event field cannot be blank")
		}
		fields, _ := event["fields"].(map[string]any)
		for name, value := range fields {
			if _, ok := value.(string); !ok {
				return nil, 15, fmt.Errorf("Error in handling indexed fields: %s", name)
			}
		}
		events = append(events, event)
	}
	if len(events) == 0 {
		return nil, 5, errors.New("No data")
	}
	return events, 0, nil
}

// byID returns the events by their event_id, and the number of all that have arrived.
func (h *hec) byID() (map[string]map[string]any, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	byID := map[string]map[string]any{}
	for _, event := range h.events {
		id, _ := event["event"].(map[string]any)["event_id"].(string)
		byID[id] = event
	}
	return byID, len(h.events)
}
