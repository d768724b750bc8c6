// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter returns the wait that the values of the header Retry-After ask for:
// seconds, or the time until an HTTP-date. It is 0 if they ask for none, or for a
// time in the past, or are invalid.
//
// SPEC: Retry-After = HTTP-date / delay-seconds (RFC 9110, section 10.2.3): a
// response has one value. If a proxy has added another, as a second header or
// joined with a comma (RFC 9110, section 5.3), the longest valid wait counts: a
// retry that is late does less harm than one that is early.
func retryAfter(values []string, now time.Time) (wait time.Duration) {
	for _, value := range values {
		parts := strings.Split(value, ",")
		for i, part := range parts {
			wait = max(wait, retryDelay(part, now))
			if i > 0 { // "Wed, 21 Oct 2015 07:28:00 GMT" has a comma, too
				wait = max(wait, retryDelay(parts[i-1]+","+part, now))
			}
		}
	}
	return wait
}

// retryDelay returns the wait of a single value. It is not positive if there is
// none.
func retryDelay(value string, now time.Time) time.Duration {
	value = strings.Trim(value, " \t")
	// 31 bits are 68 years. More seconds are treated as invalid.
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return date.Sub(now)
	}
	return 0
}
