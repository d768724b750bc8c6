// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// clientSettings are the settings that HTTP clients of the collector have in common.
// The collector's own code for them, confighttp, would double the size of the command.
// Middlewares and authenticators are other components, which do not run here.
type clientSettings struct {
	Endpoint string `mapstructure:"endpoint"`
	ProxyURL string `mapstructure:"proxy_url"`
	// Headers are a map, or a list of name and value.
	Headers any            `mapstructure:"headers"`
	Auth    map[string]any `mapstructure:"auth"`
	TLS     tlsSettings    `mapstructure:"tls"`
}

type tlsSettings struct {
	CAFile             string `mapstructure:"ca_file"`
	CAPEM              string `mapstructure:"ca_pem"`
	CertFile           string `mapstructure:"cert_file"`
	CertPEM            string `mapstructure:"cert_pem"`
	KeyFile            string `mapstructure:"key_file"`
	KeyPEM             string `mapstructure:"key_pem"`
	IncludeSystemCAs   bool   `mapstructure:"include_system_ca_certs_pool"`
	Insecure           bool   `mapstructure:"insecure"`
	InsecureSkipVerify bool   `mapstructure:"insecure_skip_verify"`
	ServerName         string `mapstructure:"server_name_override"`
}

// client returns a client with these settings, which follows no redirects.
func (s *clientSettings) client() (*http.Client, error) {
	if s.Auth != nil {
		return nil, errAuthenticator
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	var err error
	if transport.TLSClientConfig, err = s.TLS.config(); err != nil {
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

func (s *tlsSettings) config() (*tls.Config, error) {
	config := &tls.Config{
		ServerName:         s.ServerName,
		InsecureSkipVerify: s.InsecureSkipVerify, //nolint:gosec // as the collector is configured
		MinVersion:         tls.VersionTLS12,
	}
	authorities, err := pemOf("tls::ca_file", s.CAFile, s.CAPEM)
	if err != nil {
		return nil, err
	}
	if authorities != nil {
		if config.RootCAs, err = s.pool(authorities); err != nil {
			return nil, err
		}
	}
	return config, s.addCertificate(config)
}

func (s *tlsSettings) pool(authorities []byte) (pool *x509.CertPool, err error) {
	pool = x509.NewCertPool()
	if s.IncludeSystemCAs {
		if pool, err = x509.SystemCertPool(); err != nil {
			return nil, err
		}
	}
	if !pool.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("`tls::ca_file` %s has no certificate in PEM", s.CAFile)
	}
	return pool, nil
}

// addCertificate adds the client's certificate, if there is one.
func (s *tlsSettings) addCertificate(config *tls.Config) error {
	certificate, err := pemOf("tls::cert_file", s.CertFile, s.CertPEM)
	if err != nil || certificate == nil {
		return err
	}
	key, err := pemOf("tls::key_file", s.KeyFile, s.KeyPEM)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("`tls::cert_file` %s and `key_file` %s: %w", s.CertFile, s.KeyFile, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}

// maxPEM bounds a file with certificates or a key, in bytes.
const maxPEM = 4 << 20

// pemOf is the content of a file, or the text; nil for neither.
func pemOf(key, file, text string) ([]byte, error) {
	if file == "" {
		if text == "" {
			return nil, nil
		}
		return []byte(text), nil
	}
	content, err := cli.ReadRegular(file, maxPEM)
	if err != nil {
		return nil, fmt.Errorf("`%s` %s: %w", key, file, plain(err))
	}
	return content, nil
}

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
