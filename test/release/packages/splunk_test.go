// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// splunk is a fake of Splunk's HTTP Event Collector that remembers which events it has.
type splunk struct {
	mu     sync.Mutex
	tokens []string // what it accepts
	ids    map[string]bool
}

// serveSplunk runs it in the machine's network.
func (m *machine) serveSplunk(address string, tokens ...string) *splunk {
	m.t.Helper()
	s := &splunk{tokens: tokens, ids: map[string]bool{}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	require.NoError(m.t, server.Listener.Close())
	server.Listener = m.listen(address)
	server.Start()
	m.t.Cleanup(server.Close)
	return s
}

func (s *splunk) serve(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, body string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
	if r.Method == http.MethodGet {
		answer(http.StatusOK, `{"text":"HEC is healthy","code":17}`)
		return
	}
	if token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Splunk "); !s.accepts(token) {
		answer(http.StatusForbidden, `{"text":"Invalid token","code":4}`)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			answer(http.StatusBadRequest, `{"text":"Invalid data format","code":6}`)
			return
		}
		body = unzipped
	}
	text, err := io.ReadAll(body)
	switch {
	case err == nil && len(text) == 0:
		answer(http.StatusBadRequest, `{"text":"No data","code":5}`)
	case err != nil || s.remember(text) != nil:
		answer(http.StatusBadRequest, `{"text":"Invalid data format","code":6}`)
	default:
		answer(http.StatusOK, `{"text":"Success","code":0}`)
	}
}

func (s *splunk) accepts(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.tokens, token)
}

// revoke ends a token.
func (s *splunk) revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = slices.DeleteFunc(s.tokens, func(known string) bool { return known == token })
}

// remember notes the events of a request, and no other records.
func (s *splunk) remember(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var record struct {
			SourceType string `json:"sourcetype"`
			Event      struct {
				ID string `json:"event_id"`
			} `json:"event"`
		}
		if err := decoder.Decode(&record); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if record.SourceType == "oversight:beacon" {
			s.ids[record.Event.ID] = true
		}
	}
}

// await waits until a number of different events has arrived.
func (s *splunk) await(t *testing.T, events int, m *machine) {
	t.Helper()
	collectortest.Eventually(t, waitTimeout, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.ids) != events {
			return fmt.Errorf("%d events arrived, and not %d:\n%s", len(s.ids), events, m.journal())
		}
		return nil
	})
}
