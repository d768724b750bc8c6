// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
)

// proxy is the one between the exporter and an address; nil for none. The client for
// Kafka uses none, and that for gRPC the one for HTTPS, also without TLS.
func (e *exporter) proxy(settings *destinationSettings, a address) *url.URL {
	scheme := "http"
	switch kind := e.id.Type().String(); {
	case kind == "kafka":
		return nil
	case a.tls, kind == "otlp_grpc", kind == "otlp":
		scheme = "https"
	}
	find := http.ProxyFromEnvironment
	if settings.ProxyURL != "" {
		proxy, err := url.Parse(settings.ProxyURL)
		if err != nil {
			return nil // config.validate says so
		}
		find = http.ProxyURL(proxy)
	}
	proxy, err := find(&http.Request{URL: &url.URL{Scheme: scheme, Host: a.hostPort}})
	if err != nil {
		return nil
	}
	return proxy
}

// connectThrough asks for any answer of an address through a proxy.
func (e *exporter) connectThrough(ctx context.Context, proxy *url.URL, a address, secure *tls.Config) []finding {
	u := &url.URL{Scheme: "http", Host: a.hostPort, Path: "/"}
	if a.tls {
		u.Scheme = "https"
	} else if kind := e.id.Type().String(); kind == "otlp_grpc" || kind == "otlp" {
		return notChecked("pass --send-test, or look at the collector's log after the start", "%s: gRPC without TLS through the proxy %s", a.hostPort, withoutSecrets(proxy))
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig, transport.Proxy = secure.Clone(), http.ProxyURL(proxy)
	defer transport.CloseIdleConnections()
	client := &httpClient{key: e.key(), http: withoutRedirects(transport)}
	got, found := client.request(ctx, http.MethodGet, u, "", nil)
	if found != nil {
		return found
	}
	switch got.status {
	case http.StatusProxyAuthRequired:
		return failed("write user and password of the proxy into `"+e.key()+"::proxy_url`, or into HTTPS_PROXY and HTTP_PROXY of the collector", "the proxy %s asks for credentials (407)", withoutSecrets(proxy))
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failed("fix host and port in `"+e.key()+"::endpoint`, start the server, or let the proxy reach it", "%s answers %d through the proxy %s", a.hostPort, got.status, withoutSecrets(proxy))
	}
	return passed("%s answers through the proxy %s", a.hostPort, withoutSecrets(proxy))
}
