// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/redact"
)

// Connection is the flags about how to reach a server: certificates and a proxy.
type Connection struct {
	caFile   string
	certFile string
	keyFile  string
	proxy    string
}

// connectionFlags are the names of the flags, in the order of the fields.
var connectionFlags = []string{"ca-file", "client-cert-file", "client-key-file", "proxy"}

// Register adds the flags.
func (c *Connection) Register(flags *pflag.FlagSet) {
	flags.StringVar(&c.caFile, "ca-file", "", "PEM `FILE` with certificate authorities to trust, besides the system's")
	flags.StringVar(&c.certFile, "client-cert-file", "", "PEM `FILE` with a certificate to present to the server, for mutual TLS")
	flags.StringVar(&c.keyFile, "client-key-file", "", "PEM `FILE` with the key of --client-cert-file")
	flags.StringVar(&c.proxy, "proxy", "", "`URL` of a proxy (default: $HTTPS_PROXY, $HTTP_PROXY and $NO_PROXY)")
}

// checkUnused returns an error if a flag is set although nothing is requested: useful
// says when the flags apply.
func (c *Connection) checkUnused(useful string) error {
	for i, value := range []string{c.caFile, c.certFile, c.keyFile, c.proxy} {
		if value != "" {
			return fmt.Errorf("--%s applies to %s only: remove it", connectionFlags[i], useful)
		}
	}
	return nil
}

// Transport returns a transport for the flags. It reads the files.
func (c *Connection) Transport() (*http.Transport, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	config, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = config
	if c.proxy == "" {
		return transport, nil
	}
	u, err := url.Parse(c.proxy)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, errors.New("--proxy is not a valid URL: must be one such as http://proxy.example.org:3128")
	}
	transport.Proxy = http.ProxyURL(u)
	return transport, nil
}

// AddSecrets adds the user name and password of the proxy.
func (c *Connection) AddSecrets(secrets *redact.Secrets) {
	if u, err := url.Parse(c.proxy); err == nil {
		secrets.AddURL(u)
	}
}

func (c *Connection) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.caFile != "" {
		authorities, err := readAuthorities(c.caFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file %s: %w", c.caFile, err)
		}
		config.RootCAs = authorities
	}
	switch {
	case c.certFile == "" && c.keyFile == "":
		return config, nil
	case c.certFile == "" || c.keyFile == "":
		return nil, errors.New("--client-cert-file and --client-key-file belong together: pass both")
	}
	certificate, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return nil, fmt.Errorf("--client-cert-file %s, --client-key-file %s: %w", c.certFile, c.keyFile, err)
	}
	config.Certificates = []tls.Certificate{certificate}
	return config, nil
}

// readAuthorities returns the system's certificate authorities and those of a file.
func readAuthorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if pathError := (*os.PathError)(nil); errors.As(err, &pathError) {
		return nil, fmt.Errorf("cannot read the file: %w", pathError.Err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a system without certificates
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the file has no certificate: it must contain PEM blocks that begin with -----BEGIN CERTIFICATE-----")
	}
	return pool, nil
}
