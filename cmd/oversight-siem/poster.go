// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/cenkalti/backoff/v5"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// poster sends documents in POST requests.
type poster struct {
	webSettings
	encode encoder
	client *http.Client
	notice func(string)

	text    []byte // of the documents, one after another
	ends    []int  // of each document in text
	pending []document
	size    int // of the body of all pending ones
	packed  packer
	done    tally
}

// document is what is sent of an event.
type document struct {
	id   int64
	uid  string
	text []byte
}

func newPoster(encode encoder, settings webSettings, notice func(string)) *poster {
	return &poster{
		webSettings: settings,
		encode:      encode,
		notice:      notice,
		client: &http.Client{
			Timeout: settings.timeout,
			// A redirected POST is sent as a GET, without its body, or takes
			// credentials elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		},
	}
}

func (p *poster) add(ctx context.Context, e *translator.Event) error {
	start := len(p.text)
	p.text = p.encode(p.text, e)
	size := len(p.text) - start + p.body.size(e.UID)
	if len(p.pending) > 0 && p.size+size > p.batchBytes {
		last := p.text[start:]
		if err := p.flush(ctx); err != nil {
			return err
		}
		p.text = append(p.text, last...) // to the front of the same array
	}
	p.keep(e, size)
	if len(p.pending) == p.batchEvents {
		return p.flush(ctx)
	}
	return nil
}

// keep notes the document at the end of the text. Where it is in memory is
// known only once the text grows no more, see flush.
func (p *poster) keep(e *translator.Event, size int) {
	if len(p.pending) == 0 {
		p.size = len(p.body.opening) + len(p.body.ending)
	}
	p.size += size
	p.ends = append(p.ends, len(p.text))
	p.pending = append(p.pending, document{id: e.ID, uid: e.UID})
}

func (p *poster) flush(ctx context.Context) error {
	if len(p.pending) == 0 {
		return nil
	}
	start := 0
	for i, end := range p.ends {
		p.pending[i].text = p.text[start:end]
		start = end
	}
	err := p.send(ctx, p.pending)
	if err == nil {
		p.text, p.ends, p.pending = p.text[:0], p.ends[:0], p.pending[:0]
	}
	return err
}

// send tries until all documents are accepted, it is known that they will not
// be, or there were tries enough.
func (p *poster) send(ctx context.Context, all []document) error {
	before, left := p.done, all
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = p.retryInterval
	try := uint(0)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		try++
		again, err := p.post(ctx, left)
		left = again
		p.done = tallyOf(before, all, left)
		return struct{}{}, err
	},
		backoff.WithBackOff(wait),
		backoff.WithMaxTries(p.tries),
		backoff.WithMaxElapsedTime(0), // the tries are counted
		backoff.WithNotify(p.notifier(&try)))
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if permanent := (*backoff.PermanentError)(nil); errors.As(err, &permanent) {
		err = permanent.Unwrap()
	}
	if err == nil {
		return nil
	}
	return p.explain(err, left, try)
}

// tallyOf adds what was accepted of all documents to what was before.
func tallyOf(before tally, all, left []document) tally {
	now := tally{before.events + int64(len(all)-len(left)), before.last}
	if len(left) == 0 {
		now.last = all[len(all)-1].id
		return now
	}
	for _, d := range all {
		if d.id == left[0].id {
			break
		}
		now.last = d.id
	}
	return now
}

func (p *poster) accepted() tally { return p.done }

// Close implements [io.Closer].
func (p *poster) Close() error {
	p.client.CloseIdleConnections()
	return nil
}
