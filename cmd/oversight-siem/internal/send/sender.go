// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package send delivers events in HTTP POST requests, with retries: to Splunk's
// HTTP Event Collector, to Elasticsearch's bulk API, to the Log Analytics Data
// Collector API, or as JSON arrays to anything else.
package send

import (
	"context"
	"net/http"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Sender is an [output.Sink] that sends documents in requests, one after another.
type Sender struct {
	settings Settings
	encode   output.Encode
	client   *http.Client
	notice   func(string)

	text      []byte // of the pending documents, one after another
	ends      []int  // of each document in text
	pending   []document
	bodySize  int // of the body of all pending documents
	gzip      compressor
	delivered output.Counts // without Refused
	refused   []int64       // ids of events that were skipped
	// refusedInARow counts the events that were refused since one was accepted.
	refusedInARow int
}

// document is what is sent of an event.
type document struct {
	id   int64
	uid  string
	text []byte
}

// New returns a sender. It calls notice with a line for each retry.
func New(encode output.Encode, settings Settings, notice func(string)) *Sender {
	transport := settings.Transport
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &Sender{
		settings: settings,
		encode:   encode,
		notice:   notice,
		client: &http.Client{
			Timeout: settings.Timeout,
			// A redirected POST becomes a GET without its body, or carries
			// credentials to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     transport,
		},
	}
}

// Add implements [output.Sink].
func (s *Sender) Add(ctx context.Context, e *translator.Event) error {
	start := len(s.text)
	s.text = s.encode(s.text, e)
	size := len(s.text) - start + s.settings.Protocol.overhead(e.UID)
	if len(s.pending) > 0 && s.bodySize+size > s.settings.BatchBytes {
		last := s.text[start:]
		if err := s.Flush(ctx); err != nil {
			return err
		}
		s.text = append(s.text, last...) // to the front of the same array
	}
	s.appendPending(e, size)
	if len(s.pending) == s.settings.BatchEvents {
		return s.Flush(ctx)
	}
	return nil
}

// appendPending adds the document at the end of the text. Flush sets the slice
// of its text: the array may still move while the text grows.
func (s *Sender) appendPending(e *translator.Event, size int) {
	if len(s.pending) == 0 {
		s.bodySize = len(s.settings.Protocol.opening) + len(s.settings.Protocol.ending)
	}
	s.bodySize += size
	s.ends = append(s.ends, len(s.text))
	s.pending = append(s.pending, document{id: e.ID, uid: e.UID})
}

// Flush implements [output.Sink]. It retries until all pending documents are
// accepted, an error is permanent, the attempts are used up, or ctx is done.
func (s *Sender) Flush(ctx context.Context) error {
	if len(s.pending) == 0 {
		return nil
	}
	start := 0
	for i, end := range s.ends {
		s.pending[i].text = s.text[start:end]
		start = end
	}
	err := s.sendWithRetry(ctx, s.pending)
	if err == nil {
		s.text, s.ends, s.pending = s.text[:0], s.ends[:0], s.pending[:0]
	}
	return err
}

// Delivered implements [output.Sink].
func (s *Sender) Delivered() output.Counts {
	delivered := s.delivered
	delivered.Refused = s.refused
	return delivered
}

// Close implements [output.Sink].
func (s *Sender) Close() error {
	s.client.CloseIdleConnections()
	return nil
}
