// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxRetryAfter is the longest Retry-After that the command waits for.
const maxRetryAfter = 10 * time.Minute

// statusAdvice says what to do about a status.
var statusAdvice = map[int]string{
	http.StatusUnauthorized:          "check the credentials",
	http.StatusForbidden:             "check the credentials and their permissions",
	http.StatusNotFound:              "check the path of the URL",
	http.StatusMethodNotAllowed:      "check the path of the URL",
	http.StatusRequestEntityTooLarge: "lower --batch-bytes",
}

// statusError returns the error of a response that is not a success.
func statusError(response *http.Response, body string) error {
	reason := response.Status
	if text := statusAdvice[response.StatusCode]; text != "" {
		reason += " (" + text + ")"
	}
	if response.StatusCode >= 300 && response.StatusCode <= 399 {
		reason += " (redirects are not followed: set --output to the final URL)"
	}
	err := error(&rejection{reason: reason, body: body})
	if !isTemporary(response.StatusCode) {
		return backoff.Permanent(err)
	}
	wait := retryAfter(response.Header.Values("Retry-After"), time.Now())
	switch {
	case wait == 0:
		return err
	case wait > maxRetryAfter:
		return backoff.Permanent(fmt.Errorf("%w; the server asks to retry after %s, and this command waits %s at most: resume later",
			err, wait.Round(time.Second), maxRetryAfter))
	default:
		return &retryAfterError{err, backoff.RetryAfterError{Duration: wait}}
	}
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// isTemporary reports whether a retry may help.
func isTemporary(status int) bool {
	return status == http.StatusTooManyRequests || status >= 500
}

// retryAfterError is an error that tells package backoff when to retry.
type retryAfterError struct {
	error
	wait backoff.RetryAfterError
}

func (e *retryAfterError) Unwrap() []error { return []error{e.error, &e.wait} }

// rejection is a response that does not accept a request or an event.
type rejection struct {
	event  int64 // the id of the rejected event; 0 for the whole request
	uid    string
	reason string
	body   string
}

func (r *rejection) Error() string {
	switch {
	case r.event != 0:
		return fmt.Sprintf("event %d (uid %s): %s", r.event, r.uid, r.reason)
	case r.body != "":
		return fmt.Sprintf("%s: %s", r.reason, excerpt(r.body))
	default:
		return r.reason
	}
}

// MaxExcerpt is how much of a response an error shows, in bytes.
const MaxExcerpt = 500

// excerpt quotes the beginning of a response: control characters in it must not
// reach a terminal.
func excerpt(body string) string {
	if len(body) > MaxExcerpt {
		return fmt.Sprintf("%q…", body[:MaxExcerpt])
	}
	return fmt.Sprintf("%q", body)
}
