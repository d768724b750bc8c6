// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

const hecToken = "00000000-1111-2222-3333-444444444444"

// hec is a fake of Splunk's HTTP Event Collector that counts events.
type hec struct {
	url    string
	events atomic.Int64
}

func newHEC(t testing.TB) *hec {
	t.Helper()
	h := &hec{}
	server := httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(server.Close)
	h.url = server.URL + "/services/collector"
	return h
}

func (h *hec) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("Authorization") != "Splunk "+hecToken {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"text":"Invalid token","code":4}`)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	text, err := io.ReadAll(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.events.Add(int64(strings.Count(string(text), `"sourcetype":"oversight:beacon"`)))
	_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
}
