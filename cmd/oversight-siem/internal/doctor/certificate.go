// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// badCertificate explains why a certificate is not trusted, with all reasons; nil if that
// is not why.
func (c *httpClient) badCertificate(address string, err error) (all []finding) {
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(refused.UnverifiedCertificates) > 0 {
		for _, problem := range c.certificateProblems(hostOf(address), refused.UnverifiedCertificates) {
			all = append(all, c.certificateFinding(address, problem)...)
		}
	}
	if all != nil {
		return all
	}
	return c.certificateFinding(address, err)
}

// certificateProblems are all reasons not to trust a certificate: crypto/tls returns the
// first.
func (c *httpClient) certificateProblems(host string, chain []*x509.Certificate) (problems []error) {
	leaf := chain[0]
	options := x509.VerifyOptions{Intermediates: x509.NewCertPool(), CurrentTime: leaf.NotBefore.Add(time.Second)}
	for _, certificate := range chain[1:] {
		options.Intermediates.AddCert(certificate)
	}
	if transport, ok := c.transport(); ok && transport.TLSClientConfig != nil {
		options.Roots = transport.TLSClientConfig.RootCAs
		if name := transport.TLSClientConfig.ServerName; name != "" {
			host = name
		}
	}
	if _, err := leaf.Verify(options); err != nil {
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
			problems = append(problems, err)
		}
	}
	if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		problems = append(problems, x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired})
	}
	if err := leaf.VerifyHostname(host); err != nil {
		problems = append(problems, err)
	}
	return problems
}

func (c *httpClient) transport() (*http.Transport, bool) {
	if c.http == nil {
		return nil, false
	}
	transport, ok := c.http.Transport.(*http.Transport)
	return transport, ok
}

// hostOf is the host in an address as results show it.
func hostOf(address string) string {
	address, _, _ = strings.Cut(address, " ")
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Hostname()
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// certificateFinding explains one reason; nil for an error of another kind.
func (c *httpClient) certificateFinding(address string, err error) []finding {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return failed(fmt.Sprintf("set `%s::tls::ca_file` to the certificate of the authority that signed it", c.key), "the certificate of %s is signed by an unknown authority", address)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if invalid.Reason == x509.Expired {
			return failed("renew the server's certificate, and compare the clocks of both machines", "the certificate of %s is expired or not yet valid: from %s to %s", address, invalid.Cert.NotBefore.Format("2006-01-02"), invalid.Cert.NotAfter.Format("2006-01-02"))
		}
		return failed("replace the server's certificate", "the certificate of %s is invalid: %v", address, invalid)
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok {
		return failed(fmt.Sprintf("use a name of the certificate in `%s`, or set `tls::server_name_override`", c.endpoint()), "the certificate of %s is for another name: %v", address, wrong)
	}
	if isAlert(err) {
		return failed(fmt.Sprintf("set `%s::tls::cert_file` and `key_file` to a certificate that the server accepts, if it asks for one", c.key), "%s refuses the TLS connection: %v", address, err)
	}
	return nil
}
