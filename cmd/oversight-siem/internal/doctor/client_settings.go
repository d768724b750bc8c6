// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"go.opentelemetry.io/collector/config/configtls"
)

// clientSettings are the settings that HTTP clients of the collector have in common.
// The collector's own code for them, confighttp, would double the size of the command.
// Middlewares and authenticators are other components, which do not run here.
type clientSettings struct {
	Endpoint string `mapstructure:"endpoint"`
	ProxyURL string `mapstructure:"proxy_url"`
	// Headers are a map, or a list of name and value.
	Headers any                    `mapstructure:"headers"`
	Auth    map[string]any         `mapstructure:"auth"`
	TLS     configtls.ClientConfig `mapstructure:"tls"`
}

// client returns a client with these settings, which follows no redirects.
func (s *clientSettings) client() (*http.Client, error) {
	if s.Auth != nil {
		return nil, errAuthenticator
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	var err error
	if transport.TLSClientConfig, err = tlsConfig(&s.TLS); err != nil {
		return nil, err
	}
	if s.ProxyURL != "" {
		proxy, err := url.Parse(s.ProxyURL)
		if err != nil { // the URL may hold a password
			return nil, errors.New("`proxy_url` is not a URL")
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	return withoutRedirects(transport), nil
}

// withoutRedirects is a client that follows no redirects.
func withoutRedirects(transport *http.Transport) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// errAuthenticator says that another component gives the credentials.
var errAuthenticator = errors.New("the client uses `auth`, an extension that runs in the collector only")

// newHTTPClient returns a client with a component's settings, which are below key, or
// says why there is none.
func newHTTPClient(settings *clientSettings, key string) (*httpClient, []finding) {
	client, err := settings.client()
	switch {
	case errors.Is(err, errAuthenticator):
		return nil, notChecked("look at the collector's log and at its metrics after the start", "%s: %v", key, err)
	case err != nil:
		return nil, failed(fmt.Sprintf("fix `%s`; files must be readable for the collector's user", key), "%s: %v", key, err)
	}
	return &httpClient{http: client, key: cmp.Or(key, "exporter"), header: settings.header()}, nil
}

// header is the header of every request.
func (s *clientSettings) header() http.Header {
	header := http.Header{}
	switch headers := s.Headers.(type) {
	case map[string]any:
		for name, value := range headers {
			header.Set(name, fmt.Sprint(value))
		}
	case []any:
		for _, pair := range headers {
			if pair, ok := pair.(map[string]any); ok {
				header.Set(fmt.Sprint(pair["name"]), fmt.Sprint(pair["value"]))
			}
		}
	}
	return header
}
