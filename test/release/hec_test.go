// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

const hecToken = "00000000-1111-2222-3333-444444444444"

// hec is a fake of Splunk's HTTP Event Collector.
type hec struct {
	url string

	mu       sync.Mutex
	events   map[string]int // by event_id, how often it arrived
	hangs    bool           // answer nothing, and take nothing
	attempts int            // requests while it hangs
}

func newHEC(t testing.TB) *hec {
	t.Helper()
	h := &hec{events: map[string]int{}}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL + "/services/collector"
	return h
}

// setHangs makes the destination answer no request, or answer all again.
func (h *hec) setHangs(hangs bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hangs = hangs
}

// waiting is the number of requests that got no answer.
func (h *hec) waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.attempts
}

// counts returns the number of different events, and of those that came again.
func (h *hec) counts() (events, repeats int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.events {
		repeats += n - 1
	}
	return len(h.events), repeats
}

// waitFor waits until there are so many events.
func (h *hec) waitFor(t testing.TB, want int) {
	t.Helper()
	collectortest.Eventually(t, waitTimeout, func() error {
		if n, _ := h.counts(); n < want {
			return fmt.Errorf("Splunk has %d of %d events", n, want)
		}
		return nil
	})
}

// ServeHTTP implements [http.Handler].
func (h *hec) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, "/health") {
		_, _ = io.WriteString(w, `{"text":"HEC is healthy","code":17}`)
		return
	}
	if r.Header.Get("Authorization") != "Splunk "+hecToken {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"text":"Invalid token","code":4}`)
		return
	}
	ids, err := eventIDs(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"text":"No data","code":5}`)
		return
	}
	if !h.accept(ids) {
		<-r.Context().Done()
		return
	}
	_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
}

// accept records events, unless the destination hangs.
func (h *hec) accept(ids []string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.hangs {
		h.attempts++
		return false
	}
	for _, id := range ids {
		h.events[id]++
	}
	return true
}

// eventIDs returns the ids of the events in a request, which has records.
func eventIDs(r *http.Request) ([]string, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = unzipped
	}
	var ids []string
	records := 0
	for decoder := json.NewDecoder(body); ; {
		var record struct {
			Sourcetype string `json:"sourcetype"`
			Event      struct {
				ID string `json:"event_id"`
			} `json:"event"`
		}
		err := decoder.Decode(&record)
		switch {
		case errors.Is(err, io.EOF) && records > 0:
			return ids, nil
		case err != nil:
			return nil, err
		}
		if records++; record.Sourcetype == "oversight:beacon" {
			ids = append(ids, record.Event.ID)
		}
	}
}
