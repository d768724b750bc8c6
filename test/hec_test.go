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
}

func newHEC(t testing.TB) *hec {
	t.Helper()
	h := &hec{}
	h.destination = newDestination(t, http.HandlerFunc(h.serve))
	return h
}

func (h *hec) serve(w http.ResponseWriter, r *http.Request) {
	respond := func(status, code int, text string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"text":%q,"code":%d}`, text, code)
	}
	switch {
	case r.URL.Path != "/services/collector":
		respond(http.StatusNotFound, 404, "The requested URL was not found on this server.")
		return
	case r.Header.Get("Authorization") == "":
		respond(http.StatusUnauthorized, 2, "Token is required")
		return
	case r.Header.Get("Authorization") != "Splunk "+hecToken:
		respond(http.StatusForbidden, 4, "Invalid token")
		return
	}
	text, err := body(r)
	if err != nil {
		respond(http.StatusBadRequest, 6, "Invalid data format")
		return
	}
	events, code, err := parseHEC(text)
	if err != nil {
		respond(http.StatusBadRequest, code, err.Error())
		return
	}
	h.mu.Lock()
	h.events = append(h.events, events...)
	h.mu.Unlock()
	respond(http.StatusOK, 0, "Success")
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
