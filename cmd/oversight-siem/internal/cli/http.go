// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/send"
)

// UserAgent is the header User-Agent of all requests.
const UserAgent = "oversight-siem"

// HTTP is the flags about sending to any URL.
type HTTP struct {
	connection    Connection
	headers       []string
	gzip          bool
	batchEvents   int
	batchBytes    int
	maxAttempts   uint
	retryInterval time.Duration
	timeout       time.Duration
}

// Register adds the flags.
func (h *HTTP) Register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&h.headers, "header", nil, "a header of each request, as '`KEY: VALUE`'; ${env:NAME} and ${file:PATH}\nin the value are replaced. Can be repeated")
	flags.BoolVar(&h.gzip, "gzip", false, "compress requests")
	flags.IntVar(&h.batchEvents, "batch-size", send.DefaultBatchEvents, "the largest number of events in a request")
	flags.IntVar(&h.batchBytes, "batch-bytes", send.DefaultBatchBytes, "the largest size of a request before compression, in bytes; a larger event\nis sent alone")
	flags.UintVar(&h.maxAttempts, "max-tries", send.DefaultMaxAttempts, "how many times a request is sent before the export fails")
	flags.DurationVar(&h.retryInterval, "retry-interval", send.DefaultRetryInterval, "the wait before the first retry, unless the response has Retry-After; it\ngrows with each retry")
	flags.DurationVar(&h.timeout, "timeout", send.DefaultTimeout, "the time limit of a request")
	h.connection.Register(flags)
}

// httpOnlyFlags have no meaning unless events are sent over HTTP.
var httpOnlyFlags = append([]string{
	"header", "gzip", "batch-size", "batch-bytes", "max-tries", "retry-interval", "timeout",
	"splunk-token-file", "sentinel-workspace-id", "sentinel-shared-key-file", "sentinel-log-type",
}, connectionFlags...)

// CheckNoHTTPFlags returns an error if a flag is set that needs a URL.
func CheckNoHTTPFlags(flags *pflag.FlagSet) error {
	for _, name := range httpOnlyFlags {
		if flags.Changed(name) {
			return fmt.Errorf("--%s applies to HTTP only: set --output to an http or https URL, or remove --%s", name, name)
		}
	}
	return nil
}

// Settings checks the flags and returns the settings for a URL. The headers of
// --header are not among them: see AddHeaders.
func (h *HTTP) Settings(u *url.URL, protocol send.Protocol) (send.Settings, error) {
	settings := send.Settings{
		URL: u, Protocol: protocol, Gzip: h.gzip, BatchEvents: h.batchEvents, BatchBytes: h.batchBytes,
		MaxAttempts: h.maxAttempts, RetryInterval: h.retryInterval, Timeout: h.timeout,
		Header: http.Header{"Content-Type": {protocol.ContentType}, "User-Agent": {UserAgent}},
	}
	settings.Secrets.AddURL(u)
	h.connection.AddSecrets(&settings.Secrets)
	if h.gzip {
		settings.Header.Set("Content-Encoding", "gzip")
	}
	if err := h.checkNumbers(); err != nil {
		return settings, err
	}
	var err error
	settings.Transport, err = h.connection.Transport()
	return settings, err
}

func (h *HTTP) checkNumbers() error {
	switch {
	case h.batchEvents < 1:
		return fmt.Errorf("--batch-size is %d: must be positive", h.batchEvents)
	case h.batchBytes < 1:
		return fmt.Errorf("--batch-bytes is %d: must be positive", h.batchBytes)
	case h.maxAttempts < 1:
		return fmt.Errorf("--max-tries is %d: must be positive", h.maxAttempts)
	case h.retryInterval <= 0:
		return fmt.Errorf("--retry-interval is %s: must be a positive duration such as 500ms", h.retryInterval)
	case h.timeout <= 0:
		return fmt.Errorf("--timeout is %s: must be a positive duration such as 1m", h.timeout)
	}
	return nil
}

// ParseOutputURL parses the URL of --output. Its error does not repeat the URL,
// which may contain secrets.
func ParseOutputURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("--output is not a valid URL: must be one such as https://siem.example.org:8088/services/collector/event")
	}
	return u, nil
}

// AddHeaders adds the headers of --header, which replace any others.
func (h *HTTP) AddHeaders(settings *send.Settings) error {
	for _, text := range h.headers {
		name, value, err := parseHeader(text)
		if err != nil {
			return err
		}
		settings.Secrets.AddHeader(value)
		if strings.EqualFold(name, "Host") {
			settings.Host = value
			continue
		}
		settings.Header.Set(name, value)
	}
	return nil
}
