// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// reaction is how the exporter handles a failure.
type reaction int

const (
	// retryRows: the service may accept the same rows later.
	retryRows reaction = iota
	// splitRequest: it may accept a part of the rows, and refuses the others for good.
	splitRequest
)

// failure is a request that was refused, or that got no response.
type failure struct {
	target       target
	reaction     reaction
	class        refusalClass
	status       int           // of the response; 0 if there was none
	code         string        // the service's error code
	message      string        // the service's message, or why there was no response
	requestID    string        // the service's id for the request
	retryAfter   time.Duration // from Retry-After; 0 if there was none
	tokenMissing bool          // no request was sent, for lack of an access token
}

// Error returns one line that names the target.
func (f *failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", f.target)
	if f.status != 0 {
		fmt.Fprintf(&b, "%d %s: ", f.status, http.StatusText(f.status))
	}
	if f.code != "" {
		fmt.Fprintf(&b, "%s: ", f.code)
	}
	b.WriteString(f.message)
	if f.requestID != "" {
		fmt.Fprintf(&b, " (request id %s)", f.requestID)
	}
	return b.String()
}

// kind identifies failures with the same cause, which are reported once. It
// omits the message, which contains times and request ids.
func (f *failure) kind() string {
	return fmt.Sprintf("%d %s %t", f.status, f.code, f.tokenMissing)
}

// hint says what an operator can do about the failure; it is empty if there is
// nothing to do but wait.
func (f *failure) hint() string {
	switch {
	case f.tokenMissing:
		return "Check `credential`, and that Microsoft Entra ID is reachable"
	case f.status == http.StatusUnauthorized:
		return "The service rejects the access token: check the credential's tenant, cloud and scope"
	case f.status == http.StatusForbidden:
		return "The identity needs the role Monitoring Metrics Publisher on the data collection rule " + f.target.rule +
			"; a new assignment takes up to 30 minutes to take effect"
	case f.status == http.StatusNotFound:
		return "The rule or stream does not exist at this endpoint: check `endpoint`, `rule_id` (the immutable id) and `stream_name`"
	case f.status >= 300 && f.status <= 399:
		return "The endpoint redirects, and redirects are not followed: check `endpoint`, and whether a proxy wants a login"
	case f.status >= 200 && f.status <= 299:
		return "The Logs Ingestion API answers 204 No Content, so something else answered: check `endpoint`, and whether a proxy wants a login"
	}
	return ""
}

// tooLarge reports whether the service refused the request for its size.
func (f *failure) tooLarge() bool { return f.status == http.StatusRequestEntityTooLarge }
