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

// newTokenClient makes the HTTP client for token requests. It takes proxy, CAs
// and timeout from the exporter's client, but not its headers, name and client
// certificate, which are for the endpoint. It is a plain transport, as
// azidentity wants it on some platforms.
func newTokenClient(ctx context.Context, config confighttp.ClientConfig) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	tlsConfig, err := config.TLS.LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("`tls`: %w", err)
	}
	if tlsConfig != nil {
		tlsConfig.ServerName = ""
		tlsConfig.GetClientCertificate = nil
		tlsConfig.InsecureSkipVerify = false // no secret goes to just anybody
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

// proxyExceptLocal sends nothing to the proxy that only this machine can
// answer: the address of Azure's metadata service, which has managed
// identities' tokens, is link-local.
func proxyExceptLocal(proxy *url.URL) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		ip, err := netip.ParseAddr(r.URL.Hostname())
		if err == nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast()) {
			return nil, nil
		}
		return proxy, nil
	}
}
