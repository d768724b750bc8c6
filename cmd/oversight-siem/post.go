// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxReply bounds a reply, in bytes. A bulk API's has some 200 for each event.
const maxReply = 64 << 20

// maxShown is how much of a reply is looked at for an error, in bytes. What is
// secret is taken out before it is cut down to what is shown.
const maxShown = 64 << 10

// maxRetryAfter is how long a destination may ask to wait.
const maxRetryAfter = 10 * time.Minute

// post makes one request. It returns the documents that were not accepted, with
// an error that says whether to try again, in the way of package backoff.
func (p *poster) post(ctx context.Context, documents []document) (left []document, err error) {
	request, err := p.request(ctx, documents)
	if err != nil {
		return documents, backoff.Permanent(err)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return documents, connectionError(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply))
	if err != nil {
		return documents, fmt.Errorf("%s, and then the reply ended early: %w", response.Status, err)
	}
	if !isSuccess(response.StatusCode) {
		return documents, statusError(response, p.hidden.hide(string(body[:min(len(body), maxShown)])))
	}
	left, err = p.reply(body, documents)
	if rejected := (*rejection)(nil); errors.As(err, &rejected) {
		rejected.reply = p.hidden.hide(rejected.reply)
		if rejected.event == 0 {
			left = documents
		}
		return left, backoff.Permanent(err)
	}
	return left, err
}

func (p *poster) request(ctx context.Context, documents []document) (*http.Request, error) {
	// A new body each time: the transport may still be reading the one before.
	body := p.body.appendBody(make([]byte, 0, p.size), documents)
	if p.gzip {
		body = p.packed.pack(body)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = p.header.Clone()
	request.Host = p.host // the URL's if empty
	if p.sign == nil {
		return request, nil
	}
	return request, p.sign(request, time.Now())
}

// packer compresses, with the same memory each time.
type packer struct {
	out    bytes.Buffer
	writer *gzip.Writer
}

func (p *packer) pack(body []byte) []byte {
	p.out.Reset()
	if p.writer == nil {
		p.writer = gzip.NewWriter(&p.out)
	}
	p.writer.Reset(&p.out)
	_, _ = p.writer.Write(body) // a buffer takes everything
	_ = p.writer.Close()
	return bytes.Clone(p.out.Bytes())
}

// connectionError is an error without a reply. It leaves out the URL, which
// may hold secrets. A certificate does not become valid by trying again.
func connectionError(err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if certificate := (*tls.CertificateVerificationError)(nil); errors.As(err, &certificate) {
		return backoff.Permanent(err)
	}
	return err
}

// advice says what to do about a status.
var advice = map[int]string{
	http.StatusUnauthorized:          "check the credentials that are sent",
	http.StatusForbidden:             "check the credentials that are sent, and what they allow",
	http.StatusNotFound:              "check the path of the URL",
	http.StatusMethodNotAllowed:      "check the path of the URL",
	http.StatusRequestEntityTooLarge: "lower --batch-bytes",
}

func statusError(response *http.Response, body string) error {
	reason := response.Status
	if text := advice[response.StatusCode]; text != "" {
		reason += " (" + text + ")"
	}
	if response.StatusCode >= 300 && response.StatusCode <= 399 {
		reason += " (redirects are not followed: give the URL that it leads to)"
	}
	err := error(&rejection{reason: reason, reply: body})
	if !isTemporary(response.StatusCode) {
		return backoff.Permanent(err)
	}
	wait, ok := retryAfter(response.Header.Get("Retry-After"), time.Now())
	switch {
	case !ok:
		return err
	case wait > maxRetryAfter:
		return backoff.Permanent(fmt.Errorf("%w; it asks to come back in %s: do", err, wait.Round(time.Second)))
	default:
		return &laterError{err, backoff.RetryAfterError{Duration: wait}}
	}
}

// laterError says when to try again.
type laterError struct {
	error
	after backoff.RetryAfterError
}

func (e *laterError) Unwrap() []error { return []error{e.error, &e.after} }

// retryAfter reads the header Retry-After, seconds or a date.
func retryAfter(value string, now time.Time) (wait time.Duration, ok bool) {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = date.Sub(now)
	}
	return wait, wait > 0
}

// notifier tells the user that a request is tried again.
func (p *poster) notifier(try *uint) backoff.Notify {
	return func(err error, wait time.Duration) {
		p.notice(fmt.Sprintf("try %d of %d: %s; again in %s", *try, p.tries, p.hidden.hide(err.Error()), wait.Round(time.Millisecond)))
	}
}

// explain says which request failed. The URL is shown without what may be
// secret.
func (p *poster) explain(err error, left []document, try uint) error {
	where := url.URL{Scheme: p.url.Scheme, Host: p.url.Host, Path: p.url.Path}
	times := ""
	if try > 1 {
		times = fmt.Sprintf(", %d times", try)
	}
	text := fmt.Sprintf("POST %s of %d event(s) from id %d%s: %v", where.String(), len(left), left[0].id, times, err)
	return errors.New(p.hidden.hide(text))
}
