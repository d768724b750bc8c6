// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package health asks the extension health_check of a collector for its status.
package health

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxBody limits what is read of a response, in bytes. That of the extension is a
// few hundred.
const maxBody = 64 << 10

// ParseURL parses the URL of the extension.
func ParseURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("--url or HEALTH_ENDPOINT is not valid: must be such as http://127.0.0.1:13133/health, or 127.0.0.1:13133 in the variable")
	}
	return u, nil
}

// Check returns nil if the collector is healthy: if it runs, with alive, whatever
// its pipelines do. It uses no proxy and follows no redirects.
func Check(ctx context.Context, address *url.URL, alive bool) error {
	target := *address
	if alive {
		query := target.Query()
		// Only extensions are then asked, and no pipelines.
		query.Set("pipeline", "extensions")
		target.RawQuery = query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := new(http.Transport).RoundTrip(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return late(address)
	}
	if err != nil {
		return fmt.Errorf("no answer from %s: start the collector, with the extension health_check at that address: %w", address.Redacted(), err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if errors.Is(err, context.DeadlineExceeded) {
		return late(address)
	}
	if err != nil {
		return fmt.Errorf("the answer of %s: %w", address.Redacted(), err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the collector is not healthy: %s answered %d: %s", address.Redacted(), response.StatusCode, reason(body))
	}
	return nil
}

// late is the error for a collector that does not answer before the deadline.
func late(address *url.URL) error {
	return fmt.Errorf("the collector is not healthy: %s did not answer in time", address.Redacted())
}

// reason is what a response that is not 200 says.
func reason(body []byte) string {
	var status struct {
		Status string `json:"status"`
		Error  string `json:"error"`
	}
	if json.Unmarshal(body, &status) == nil {
		if text := cmp.Or(status.Error, status.Status); text != "" {
			return text
		}
	}
	return cmp.Or(strings.TrimSpace(string(body[:min(len(body), 200)])), "no reason")
}
