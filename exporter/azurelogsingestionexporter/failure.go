// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// reaction is what is to be done about a failure.
type reaction int

const (
	// tryAgain: the service may take the same rows later.
	tryAgain reaction = iota
	// sendLess: it may take fewer rows, so that at last one row stands alone.
	sendLess
	// giveUp: it never takes these rows.
	giveUp
)

// failure is a request that the service did not accept, or that did not get
// there.
type failure struct {
	target     target
	reaction   reaction
	status     int           // of the answer; 0: there was none
	code       string        // the service's word for it
	message    string        // the service's, or what happened instead of an answer
	requestID  string        // the service's name for the request
	retryAfter time.Duration // what the service asks for; 0: nothing
	noToken    bool          // there was no token to send the request with
}

// Error is one line, for people who read logs.
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

// cause is the same for failures that a person would call the same. Messages
// are not part of it: they have times and request ids in them.
func (f *failure) cause() string {
	return fmt.Sprintf("%d %s %t", f.status, f.code, f.noToken)
}

// hint says what a person can do about it; empty if only waiting helps.
func (f *failure) hint() string {
	switch {
	case f.noToken:
		return "There is no access token: check `credential`, and that Microsoft Entra ID can be reached"
	case f.status == http.StatusUnauthorized:
		return "The service does not know the token: check the credential's tenant, cloud and scope"
	case f.status == http.StatusForbidden:
		return "The identity needs the role Monitoring Metrics Publisher on the data collection rule " + f.target.rule +
			"; a new assignment takes up to 30 minutes to work"
	case f.status == http.StatusNotFound:
		return "Nothing is known of this rule or stream here: check `endpoint`, `rule_id` (the immutable id) and `stream_name`"
	}
	return ""
}

// tooLarge tells that the service found the request too long.
func (f *failure) tooLarge() bool { return f.status == http.StatusRequestEntityTooLarge }
