// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// headAnswers are answers to a request for a tree head, in the order in which they are
// given. The last one lasts.
var headAnswers = []struct {
	name   string
	answer http.HandlerFunc
}{
	{"no head", page},
	{"no head again", page},
	{"still no head", page},
	{"endless body", func(w http.ResponseWriter, _ *http.Request) { writeEndlessly(w, strings.Repeat("x", 1<<16)) }},
	{"endless compressed body", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		writeEndlessly(gzip.NewWriter(w), strings.Repeat("\x00", 1<<20))
	}},
	{"endless header", raw("HTTP/1.1 200 OK\r\nX: ", "x")},
	{"endless headers", raw("HTTP/1.1 200 OK\r\n", "X: x\r\n")},
	{"endless early hints", raw("", "HTTP/1.1 103 Early Hints\r\n\r\n")},
	{"endless trailers", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", "X: x\r\n")},
	{"redirect to itself", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }},
	{"a byte each second", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "350")
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for range 350 {
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	}},
}

func page(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }

// raw begins an answer, and repeats a part of it without an end.
func raw(begin, repeated string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		if _, err := io.WriteString(connection, begin); err == nil {
			writeEndlessly(connection, strings.Repeat(repeated, 1000))
		}
	}
}

// writeEndlessly writes until nobody reads any more.
func writeEndlessly(to io.Writer, text string) {
	for data := []byte(text); ; {
		if _, err := to.Write(data); err != nil {
			return
		}
	}
}

// Whatever a server answers that should have a tree head, no event waits for it, and the
// collector stops. An answer that is no head is logged once.
func TestFaultAnswersThatAreNoHeads(t *testing.T) {
	honest := newCostSite(t).cost(false)
	began := make(chan string, len(headAnswers))
	requests := 0 // one at a time
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if requests > len(headAnswers) {
			http.Error(w, "no more", http.StatusServiceUnavailable)
			return
		}
		began <- headAnswers[requests-1].name
		headAnswers[requests-1].answer(w, r)
	}))
	s := newLogSite(t, 300, false)
	s.tlog = newCostSettings(s, s.headsAt(url))
	s.run()
	var total cost
	for _, expected := range headAnswers {
		select {
		case name := <-began:
			require.Equal(t, expected.name, name)
		case <-time.After(waitTimeout):
			require.Fail(t, "no request", expected.name)
		}
		delay := s.deliverRow()
		assert.Less(t, delay, costWait+maxExtraWait, expected.name)
		total.event = max(total.event, delay)
		if expected.name == "still no head" {
			assert.Equal(t, 1, strings.Count(s.collector.Output.String(), "The registry sent an invalid tree head"))
		}
	}
	s.end(&total)
	total.require(t, honest, maxExtraMemory)
}
