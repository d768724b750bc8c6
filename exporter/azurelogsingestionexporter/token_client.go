// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"go.opentelemetry.io/collector/config/confighttp"
)

// newTokenClient creates the HTTP client for token requests. Proxy, CAs and
// timeout are those of the exporter's client. Headers, server name and client
// certificate are not: they are for the endpoint. azidentity requires a plain
// transport on some platforms.
func newTokenClient(ctx context.Context, config confighttp.ClientConfig) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	tlsConfig, err := config.TLS.LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("`tls`: %w", err)
	}
	if tlsConfig != nil {
		tlsConfig.ServerName = ""
		tlsConfig.GetClientCertificate = nil
		tlsConfig.InsecureSkipVerify = false // a secret is sent only to an authenticated server
		transport.TLSClientConfig = tlsConfig
	}
	if config.ProxyURL != "" {
		proxy, err := url.Parse(config.ProxyURL)
		if err != nil {
			return nil, fmt.Errorf("`proxy_url`: %w", err)
		}
		transport.Proxy = proxyExceptLocal(proxy)
	}
	return &http.Client{Transport: transport, Timeout: config.Timeout}, nil
}

// proxyExceptLocal bypasses the proxy for loopback and link-local addresses. The
// metadata service, which issues tokens for managed identities, has a link-local
// address.
func proxyExceptLocal(proxy *url.URL) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		ip, err := netip.ParseAddr(r.URL.Hostname())
		if err == nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast()) {
			return nil, nil
		}
		return proxy, nil
	}
}
