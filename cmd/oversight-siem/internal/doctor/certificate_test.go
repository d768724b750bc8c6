// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// withCertificate makes HEC a TLS server whose certificate the configuration trusts.
func (s *setup) withCertificate(t *testing.T, from, until time.Time, name net.IP) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{name}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(hecServer))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	s.hec.url = server.URL
	ca := filepath.Join(s.dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o644))
	s.ca = "ca_file: " + ca
}

var loopback = net.IPv4(127, 0, 0, 1)

// What is wrong with a certificate is named, and ca_file is used.
func TestCertificates(t *testing.T) {
	year, now := 365*24*time.Hour, time.Now()
	s := newSetup(t)
	s.withCertificate(t, now.Add(-year), now.Add(year), loopback)
	assert.Equal(t, doctor.StatusOK, results(s.run(t), "splunk.token")[0].Status)

	s.withCertificate(t, now.Add(-2*year), now.Add(-year), loopback)
	(&fault{name: "expired", check: "splunk.health", seen: "is expired", remedy: "renew"}).assertNamed(t, s.run(t))

	s.withCertificate(t, now.Add(-year), now.Add(year), net.IPv4(192, 0, 2, 1))
	(&fault{name: "other name", check: "splunk.token", seen: "for another name", remedy: "server_name_override"}).assertNamed(t, s.run(t))
}

// A certificate that is wrong in every way is named for each: none hides another.
func TestCertificateWithAllFaults(t *testing.T) {
	year, now := 365*24*time.Hour, time.Now()
	s := newSetup(t)
	s.withCertificate(t, now.Add(-2*year), now.Add(-year), net.IPv4(192, 0, 2, 1))
	s.ca = ""
	report := s.run(t)
	for _, f := range []fault{
		{name: "unknown", check: "splunk.token", seen: "unknown authority", remedy: "tls::ca_file"},
		{name: "expired", check: "splunk.token", seen: "is expired", remedy: "renew"},
		{name: "other name", check: "splunk.token", seen: "for another name", remedy: "server_name_override"},
	} {
		f.assertNamed(t, report)
	}
}

// A server of TLS that is asked without it is named as such.
func TestWithoutTLS(t *testing.T) {
	s := newSetup(t)
	s.hec.handler = func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := w.(http.Hijacker).Hijack()
		if assert.NoError(t, err) {
			_ = connection.Close()
		}
	}
	(&fault{name: "TLS", check: "splunk.token", seen: "without an answer in HTTP", remedy: "https:// in place of http://"}).assertNamed(t, s.run(t))
}
