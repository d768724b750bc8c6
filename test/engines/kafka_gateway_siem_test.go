// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/bulkapi"
)

// siem is a fake of Splunk's HTTP Event Collector and of Elasticsearch's bulk API
// at one address, each with the events that it has.
//
// The HEC answers as
// https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector
// says: it accepts a request or refuses it whole, with the number of the first event
// that it does not take. Its limit of 1,000,000 bytes is that of limits.conf before
// Splunk 8, and about that of nginx (client_max_body_size 1m). For the bulk API see
// package bulkapi.
type siem struct {
	t       testing.TB
	address string
	splunk  *siemStore
	elastic *siemStore

	mu      sync.Mutex
	server  *http.Server // nil while it is down
	served  chan error
	release chan struct{} // closed when the test ends
}

// maxHECBytes is the limit of a request to the HEC, after decompression.
const maxHECBytes = 1_000_000

// siemStore is what one of the two has and does.
type siemStore struct {
	mu       sync.Mutex
	times    map[string]int // how often each event arrived, by its uid; without checkpoint records
	requests int
	// refuse returns the status that an event is refused with, or 0. May be nil.
	refuse func(e siemEvent) int
	// answer is the status of every request, which is then not read further; 0:
	// each is looked at. hang never answers.
	answer int
	// delay is how long each answer takes.
	delay time.Duration
}

// hang is the answer of a server that reads requests and answers none.
const hang = -1

// siemEvent is what the fakes look at.
type siemEvent struct{ uid, userAgent string }

func newSIEM(t testing.TB) *siem {
	t.Helper()
	s := &siem{
		t: t, release: make(chan struct{}),
		splunk: &siemStore{times: map[string]int{}}, elastic: &siemStore{times: map[string]int{}},
	}
	s.listen("127.0.0.1:0")
	t.Cleanup(func() {
		close(s.release)
		s.down()
	})
	return s
}

func (s *siem) listen(address string) {
	s.t.Helper()
	listener, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", address)
	require.NoError(s.t, err)
	handler := http.NewServeMux()
	handler.Handle("/services/collector", s.handle(s.splunk, s.hec))
	handler.Handle("/_bulk", s.handle(s.elastic, s.bulk))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.address = listener.Addr().String()
	s.server = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	s.served = make(chan error, 1)
	go func(server *http.Server, served chan error) { served <- server.Serve(listener) }(s.server, s.served)
}

// down stops both and closes all connections.
func (s *siem) down() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		_ = s.server.Close() // its error is about the connections that it closes
		assert.ErrorIs(s.t, <-s.served, http.ErrServerClosed)
		s.server = nil
	}
}

// up starts both again at the same address.
func (s *siem) up() { s.listen(s.address) }

// handle reads a request, and answers it as the store does at present.
func (s *siem) handle(store *siemStore, accept func(w http.ResponseWriter, r *http.Request, store *siemStore, body []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := requestBody(r)
		if err != nil { // the gateway was killed while it sent
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		store.mu.Lock()
		store.requests++
		answer, delay := store.answer, store.delay
		store.mu.Unlock()
		select {
		case <-time.After(delay):
		case <-s.release:
		}
		switch answer {
		case 0:
			accept(w, r, store, text)
		case hang:
			select {
			case <-s.release:
			case <-r.Context().Done():
			}
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answer)
			fmt.Fprint(w, `{"text":"Server is busy","code":9}`)
		}
	}
}

// requestBody reads a request's body, decompressed.
func requestBody(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	decompressed, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(decompressed)
}

func (*siem) hec(w http.ResponseWriter, _ *http.Request, store *siemStore, body []byte) {
	if len(body) > maxHECBytes {
		// splunkd answers before it looks at the events, and not in JSON.
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprintf(w, "<html><head><title>413 Content-Length of %d too large (maximum is %d)</title></head></html>", len(body), maxHECBytes)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	var events []siemEvent
	for decoder := json.NewDecoder(bytes.NewReader(body)); ; {
		var event struct {
			SourceType string `json:"sourcetype"`
			Event      struct {
				UID       string `json:"event_uid"`
				UserAgent string `json:"user_agent"`
			} `json:"event"`
		}
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"text":"Invalid data format","code":6}`)
			return
		}
		if event.SourceType != "oversight:checkpoint" {
			events = append(events, siemEvent{event.Event.UID, event.Event.UserAgent})
		}
	}
	store.mu.Lock()
	defer store.mu.Unlock()
	for number, e := range events {
		switch status := store.status(e); status {
		case 0:
		case http.StatusServiceUnavailable: // a proxy; splunkd has it for full queues only
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			fmt.Fprint(w, `<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>`)
			return
		default:
			w.WriteHeader(status)
			if status == http.StatusForbidden { // which HEC answers for a token only
				fmt.Fprint(w, `{"text":"Invalid token","code":4}`)
				return
			}
			fmt.Fprintf(w, `{"text":"Invalid data format","code":6,"invalid-event-number":%d}`, number)
			return
		}
	}
	for _, e := range events {
		store.times[e.uid]++
	}
	fmt.Fprint(w, `{"text":"Success","code":0}`)
}

func (*siem) bulk(w http.ResponseWriter, r *http.Request, store *siemStore, body []byte) {
	store.mu.Lock()
	defer store.mu.Unlock()
	bulkapi.Answer(w, r, body, func(d bulkapi.Document) *bulkapi.ItemError {
		if event, _ := d.Fields["event"].(map[string]any); event["dataset"] == "oversight.checkpoint" {
			return nil
		}
		agent, _ := d.Fields["user_agent"].(map[string]any)
		original, _ := agent["original"].(string)
		if status := store.status(siemEvent{d.ID, original}); status != 0 {
			refused := bulkapi.DocumentError("failed to parse")
			refused.Status = status
			return refused
		}
		if store.times[d.ID] > 0 { // no second document
			return bulkapi.Conflict(d.ID)
		}
		store.times[d.ID]++
		return nil
	})
}

func (s *siemStore) status(e siemEvent) int {
	if s.refuse == nil {
		return 0
	}
	return s.refuse(e)
}

// set changes what it does while it runs.
func (s *siemStore) set(change func(*siemStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// attempts returns how many requests it got.
func (s *siemStore) attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// arrived returns how many different events it has, and how many arrived once more.
func (s *siemStore) arrived() (different, repeated int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.times {
		repeated += n - 1
	}
	return len(s.times), repeated
}

// missing returns the uids of events that it does not have.
func (s *siemStore) missing(uids []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var missing []string
	for _, uid := range uids {
		if s.times[uid] == 0 {
			missing = append(missing, uid)
		}
	}
	return missing
}

// repeatedOf returns how many of these events arrived more than once.
func (s *siemStore) repeatedOf(uids []string) (repeated int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, uid := range uids {
		if s.times[uid] > 1 {
			repeated++
		}
	}
	return repeated
}

// forget counts no repeats of before. The lock is held.
func (s *siemStore) forget() {
	for uid := range s.times {
		s.times[uid] = 1
	}
}
