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

// apiVersion is the only one that there is.
// https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
const apiVersion = "2023-01-01"

// client sends requests to the Logs Ingestion API. It is safe for concurrent
// use.
type client struct {
	endpoint  string
	http      *http.Client
	tokens    *tokens // nil: an authentication extension has them
	tokenHTTP *http.Client
	telemetry *telemetry
}

func newClient(ctx context.Context, config *Config, host component.Host, settings component.TelemetrySettings, t *telemetry) (*client, error) {
	c := &client{endpoint: strings.TrimRight(config.ClientConfig.Endpoint, "/"), telemetry: t}
	if inClear(c.endpoint) {
		settings.Logger.Warn("The endpoint has no TLS: the access token and the rows can be read on the way", zap.String("endpoint", c.endpoint))
	}
	var err error
	if c.http, err = config.ClientConfig.ToClient(ctx, host.GetExtensions(), settings); err != nil {
		return nil, err
	}
	// The token is for this endpoint, and rows are not to be sent elsewhere.
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
	c.tokens = newTokens(credential, config.Credential.Get().scope())
	return c, nil
}

// inClear tells that requests leave the machine without TLS.
func inClear(endpoint string) bool {
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

// post sends a JSON array of rows. The failure is nil when the service has
// accepted them. With reusable false, the transport has not let go of body yet.
func (c *client) post(ctx context.Context, t target, body []byte) (reusable bool, f *failure) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url(t), http.NoBody)
	if err != nil {
		return true, &failure{target: t, reaction: giveUp, message: err.Error()}
	}
	if f := c.authorize(request, t); f != nil {
		return true, f
	}
	request.Header.Set("Content-Type", "application/json")
	upload := &upload{data: body}
	upload.attach(request)
	f = c.do(request, t)
	if f != nil && f.status == http.StatusUnauthorized && c.tokens != nil {
		c.tokens.forget()
	}
	return upload.returned(), f
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
		return &failure{target: t, reaction: tryAgain, noToken: true, message: "no access token: " + err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// do sends a request. Without an answer it is not known whether the rows were
// accepted, and they are sent again: twice is better than never.
func (c *client) do(request *http.Request, t target) *failure {
	response, err := c.http.Do(request)
	c.telemetry.requested(request.Context(), request.ContentLength, response)
	if err != nil {
		return &failure{target: t, reaction: tryAgain, message: transportMessage(err)}
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return newResponseFailure(t, response)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)) // so that the connection is kept
	return nil
}

// transportMessage leaves out the URL, which the target tells better.
func transportMessage(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return "no answer: " + wrapped.Err.Error()
	}
	return "no answer: " + err.Error()
}
