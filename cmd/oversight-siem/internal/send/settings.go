// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"net/http"
	"net/url"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/redact"
)

// Defaults of Settings. Splunk Cloud and Azure's Logs Ingestion API accept up to
// 1 MB a request.
const (
	DefaultBatchEvents   = 1000
	DefaultBatchBytes    = 1_000_000
	DefaultMaxAttempts   = 8
	DefaultRetryInterval = 500 * time.Millisecond
	DefaultTimeout       = time.Minute
)

// Settings is where and how a [Sender] sends.
type Settings struct {
	// URL is the http or https URL to post to.
	URL *url.URL
	// Header has the headers of each request. Default: none.
	Header http.Header
	// Host replaces the URL's host in the header Host. Default: the URL's.
	Host string
	// Secrets are never shown in errors and notices, not even if the server sends
	// them back.
	Secrets redact.Secrets
	// Protocol is how documents become a body, and what a response means.
	Protocol Protocol
	// Sign adds a signature to each request. Default: none is added.
	Sign Signer
	// Transport makes the connections. Default: one with the system's certificates and
	// proxies.
	Transport *http.Transport
	// Gzip compresses bodies; Header has to say so.
	Gzip bool
	// BatchEvents is the largest number of events in a request, from 1.
	BatchEvents int
	// BatchBytes is the largest body before compression, in bytes, from 1. A
	// single event that is larger is sent alone.
	BatchBytes int
	// MaxAttempts is how many times a request is sent before Flush fails, from 1.
	MaxAttempts uint
	// RetryInterval is the wait before the second attempt if the response does not
	// ask for one. It grows exponentially.
	RetryInterval time.Duration
	// Timeout bounds each request, from the connection to the end of the response.
	Timeout time.Duration
}

// Signer signs a request that is sent now.
type Signer func(request *http.Request, now time.Time) error
