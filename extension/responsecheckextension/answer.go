// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// answer is what a destination answered to a request with events.
type answer struct {
	request *http.Request
	status  int
	header  http.Header
	body    []byte
}

// errTooLong is the error of an answer that is longer than any answer of the service.
var errTooLong = errors.New("the answer is too long")

// readAnswer reads the body of a response and replaces it, so that the exporter can
// read it, too. The request's context bounds the time.
func readAnswer(req *http.Request, res *http.Response, limit int64) (*answer, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, errTooLong
	}
	_ = res.Body.Close() // all of it was read
	res.Body = io.NopCloser(bytes.NewReader(body))
	return &answer{request: req, status: res.StatusCode, header: res.Header, body: body}, nil
}

func (a *answer) ok() bool { return a.status >= 200 && a.status <= 299 }

// mediaType returns the media type of the body in lower case, empty if there is none.
func (a *answer) mediaType() string { return mediaType(a.header) }

func mediaType(header http.Header) string {
	name, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return name
}

// words returns text of the destination for an error.
func (a *answer) words(text string) string { return words(a.request.Header, text) }

// refused returns the refusal of an answer that is not the service's own. Its class
// is that of the status.
func (a *answer) refused() *refusal {
	class, permanent := a.classify()
	return a.refusal(class, permanent, a.excerpt())
}

// refusal returns a refusal with the status and the destination's words, which must
// have come through [answer.words].
func (a *answer) refusal(class string, permanent bool, text string) *refusal {
	message := fmt.Sprintf("the destination answered HTTP %d", a.status)
	if text != "" {
		message += ": " + text
	}
	return &refusal{class: class, permanent: permanent, message: message}
}

// excerpt returns the beginning of a body that is not in the service's format.
func (a *answer) excerpt() string {
	text := a.words(string(a.body[:min(len(a.body), maxScanned)]))
	kind := a.mediaType()
	switch {
	case text == "":
		return "no text"
	case kind == "":
		return text
	}
	return kind + ": " + text
}

// classifyStatus returns the class of a status of HTTP without the service's own
// words, and whether the same request would be refused again (RFC 9110, section 15).
func classifyStatus(status int) (class string, permanent bool) {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusProxyAuthRequired:
		return classDestination, false
	case status == http.StatusRequestEntityTooLarge:
		return classSize, true
	case status == http.StatusTooManyRequests:
		return classBusy, false
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return classRetryable, false
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return classUnknown, true
	}
	return classUnknown, false
}

// classify is [classifyStatus] of the answer. One of 503 that says when to send again is
// that of a destination that is busy.
func (a *answer) classify() (class string, permanent bool) {
	if a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" {
		return classBusy, false
	}
	return classifyStatus(a.status)
}
