// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// apiVersion is the only version of the Logs Ingestion API.
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
const apiVersion = "2023-01-01"

// client sends requests to the Logs Ingestion API. It is safe for concurrent
// use.
type client struct {
	endpoint  string
	http      *http.Client
	tokens    *tokenCache // nil: an authentication extension adds them
	tokenHTTP *http.Client
	telemetry *telemetry
}

func newClient(ctx context.Context, config *Config, host component.Host, settings component.TelemetrySettings, t *telemetry) (*client, error) {
	c := &client{endpoint: strings.TrimRight(config.ClientConfig.Endpoint, "/"), telemetry: t}
	if isPlaintext(c.endpoint) {
		settings.Logger.Warn("The endpoint does not use TLS: access token and rows are sent in clear text", zap.String("endpoint", c.endpoint))
	}
	var err error
	if c.http, err = config.ClientConfig.ToClient(ctx, host.GetExtensions(), settings); err != nil {
		return nil, err
	}
	// Neither the token nor the rows may go to another server.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if !config.Credential.HasValue() {
		return c, nil
	}
	if c.tokenHTTP, err = newTokenClient(ctx, config.ClientConfig); err != nil {
		return nil, err
	}
	credential, err := newCredential(config.Credential.Get(), c.tokenHTTP)
	if err != nil {
		return nil, err
	}
	c.tokens = newTokenCache(credential, config.Credential.Get().scope())
	return c, nil
}

// isPlaintext reports whether requests leave the machine without TLS.
func isPlaintext(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || u.Hostname() == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err != nil || !ip.IsLoopback()
}

func (c *client) close() {
	c.http.CloseIdleConnections()
	if c.tokenHTTP != nil {
		c.tokenHTTP.CloseIdleConnections()
	}
}

// post sends a JSON array of rows. The failure is nil if the service accepted
// them. While reusable is false, the transport may still read body.
func (c *client) post(ctx context.Context, t target, body []byte) (reusable bool, f *failure) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url(t), http.NoBody)
	if err != nil {
		return true, &failure{target: t, reaction: retryRows, class: classDestination, message: err.Error()}
	}
	if f := c.authorize(request, t); f != nil {
		return true, f
	}
	request.Header.Set("Content-Type", "application/json")
	upload := &upload{data: body}
	upload.attach(request)
	f = c.do(request, t)
	if f != nil && f.status == http.StatusUnauthorized && c.tokens != nil {
		c.tokens.invalidate()
	}
	return upload.released(), f
}

func (c *client) url(t target) string {
	return c.endpoint + apiPath + url.PathEscape(t.rule) + "/streams/" + url.PathEscape(t.stream) + "?api-version=" + apiVersion
}

func (c *client) authorize(request *http.Request, t target) *failure {
	if c.tokens == nil {
		return nil
	}
	token, err := c.tokens.get(request.Context())
	if err != nil {
		return &failure{target: t, reaction: retryRows, class: classDestination, tokenMissing: true, message: "get an access token: " + err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// do sends a request. Without a response it is unknown whether the rows were
// accepted: they are sent again, since duplicates are better than lost rows.
func (c *client) do(request *http.Request, t target) *failure {
	response, err := c.http.Do(request)
	c.telemetry.requested(request.Context(), request.ContentLength, response)
	if err != nil {
		return &failure{target: t, reaction: retryRows, message: transportMessage(err)}
	}
	defer response.Body.Close()
	if response.StatusCode != statusAccepted {
		return newResponseFailure(t, response)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxResponseBytes)) // keeps the connection reusable
	return nil
}

// transportMessage omits the URL: the failure names the target.
func transportMessage(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return "no response: " + wrapped.Err.Error()
	}
	return "no response: " + err.Error()
}
