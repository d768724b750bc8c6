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
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// tlsServer is a server that completes handshakes, and what a client needs for it.
type tlsServer struct{ address, ca, certificate, key string }

// newTLSServer starts one whose certificate is for a name until a time. It asks for the
// client's certificate if mutual is set.
func newTLSServer(t *testing.T, name net.IP, until time.Time, mutual bool) *tlsServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	s := &tlsServer{ca: filepath.Join(dir, "ca.pem"), key: filepath.Join(dir, "key.pem")}
	s.certificate = s.ca
	require.NoError(t, os.WriteFile(s.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(s.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	if mutual {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		certificate, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		config.ClientCAs.AddCert(certificate)
	}
	s.listen(t, config)
	return s
}

func (s *tlsServer) listen(t *testing.T, config *tls.Config) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = connection.Read(make([]byte, 1)) // until the client closes
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		<-done
	})
	s.address = listener.Addr().String()
}

// tlsDestinations are exporters with an address and settings of TLS.
var tlsDestinations = map[string]string{
	"otlp_grpc":  "{endpoint: %q, tls: {%s}, sending_queue: {enabled: false}}",
	"otlp_http":  "{endpoint: \"https://%[1]s\", tls: {%[2]s}, sending_queue: {enabled: false}}",
	"kafka":      "{brokers: [%q], tls: {%s}, sending_queue: {enabled: false}}",
	"opensearch": "{http: {endpoint: \"https://%[1]s\", tls: {%[2]s}}, sending_queue: {enabled: false}}",
}

// Destinations that can be asked nothing are reached with the configured TLS.
func TestTLSOfDestinations(t *testing.T) {
	day := time.Now().Add(12 * time.Hour)
	right := newTLSServer(t, loopback, day, false)
	mutual := newTLSServer(t, loopback, day, true)
	expired := newTLSServer(t, loopback, time.Now().Add(-time.Hour), false)
	other := newTLSServer(t, net.IPv4(192, 0, 2, 1), day, false)
	plain := newServer(t, always(200, "text/plain", ""))
	certificate := ", cert_file: " + mutual.certificate + ", key_file: " + mutual.key
	for name, c := range map[string]struct {
		address, tls string
		want         fault
	}{
		"right":                  {right.address, "ca_file: " + right.ca, fault{status: doctor.StatusOK, seen: "accepts TLS connections"}},
		"no verification":        {right.address, "insecure_skip_verify: true", fault{status: doctor.StatusOK, seen: "accepts TLS connections"}},
		"another name is right":  {other.address, "server_name_override: 192.0.2.1, ca_file: " + other.ca, fault{status: doctor.StatusOK, seen: "accepts TLS connections"}},
		"mutual":                 {mutual.address, "ca_file: " + mutual.ca + certificate, fault{status: doctor.StatusOK, seen: "accepts TLS connections"}},
		"no client certificate":  {mutual.address, "ca_file: " + mutual.ca, fault{seen: "refuses the TLS connection", remedy: "cert_file"}},
		"unknown authority":      {right.address, "", fault{seen: "unknown authority", remedy: "ca_file"}},
		"expired":                {expired.address, "ca_file: " + expired.ca, fault{seen: "is expired", remedy: "renew"}},
		"another name":           {other.address, "ca_file: " + other.ca, fault{seen: "for another name", remedy: "server_name_override"}},
		"no file":                {right.address, "ca_file: /none/ca.pem", fault{seen: "`tls::ca_file` /none/ca.pem: no such file", remedy: "readable for the collector's user"}},
		"a server without TLS":   {strings.TrimPrefix(plain.url, "http://"), "ca_file: " + right.ca, fault{seen: "does not speak TLS"}},
		"nothing listens there":  {"127.0.0.1:1", "ca_file: " + right.ca, fault{seen: "connection refused", remedy: "host and port"}},
		"an unknown version":     {right.address, "ca_file: " + right.ca + ", min_version: \"1.9\"", fault{seen: "invalid TLS min_version"}},
		"a file without a key":   {right.address, "ca_file: " + right.key, fault{seen: "`tls`, `ca_file` " + right.key + ": failed to load TLS config"}},
		"a certificate, no key":  {right.address, "ca_file: " + right.ca + ", cert_file: " + right.ca, fault{seen: "provide both certificate and key"}},
		"a directory as CA file": {right.address, "ca_file: " + filepath.Dir(right.ca), fault{seen: "not a regular file"}},
	} {
		for kind, form := range tlsDestinations {
			t.Run(name+"/"+kind, func(t *testing.T) {
				s := newSetup(t)
				s.more = "  " + kind + ": " + fmt.Sprintf(form, c.address, c.tls)
				s.exporters = ", " + kind
				want := c.want
				want.name, want.check = name, "destination.reachable"
				want.assertNamed(t, s.run(t))
			})
		}
	}
}

// Without TLS, the connection alone is checked.
func TestPlainDestinations(t *testing.T) {
	s := newSetup(t)
	address := strings.TrimPrefix(s.hec.url, "http://")
	s.more = fmt.Sprintf(`  otlp_grpc: {endpoint: "dns:///%[1]s", tls: {insecure: true}, sending_queue: {enabled: false}}
  kafka: {brokers: [%[1]q], sending_queue: {enabled: false}}
  azuremonitor: {connection_string: "InstrumentationKey=11111111-1111-1111-1111-111111111111;IngestionEndpoint=http://%[1]s/"}
  otlp_http: {tls: {insecure: true}, sending_queue: {enabled: false}}`, address)
	s.exporters = ", otlp_grpc, kafka, azuremonitor, otlp_http"
	found := results(s.run(t), "destination.reachable")
	var accepted []string
	for _, r := range found {
		if r.Status == doctor.StatusOK {
			assert.Equal(t, address+" accepts connections", r.Seen)
			accepted = append(accepted, r.Component)
		}
	}
	assert.ElementsMatch(t, []string{"otlp_grpc", "kafka", "azuremonitor"}, accepted)
	(&fault{name: "no address", check: "destination.reachable", seen: "has no address", remedy: "host and port"}).assertNamed(t, found)
}

// Credentials of other types are not used here: the line says why, and what to do.
func TestAzureCredentials(t *testing.T) {
	for kind, want := range map[string]fault{
		"managed_identity":   {status: doctor.StatusNotChecked, seen: "belongs to the machine", remedy: "169.254.169.254"},
		"workload_identity":  {status: doctor.StatusNotChecked, seen: "service account", remedy: "AZURE_FEDERATED_TOKEN_FILE"},
		"client_certificate": {status: doctor.StatusNotChecked, seen: "certificate", remedy: "--certificate"},
		"azure_cli":          {status: doctor.StatusNotChecked, seen: "user of the Azure CLI", remedy: "az account"},
		"default":            {status: doctor.StatusNotChecked, seen: "in its environment", remedy: "preflight"},
		"password":           {seen: `no credential of the type "password"`, remedy: "credential::type"},
	} {
		s := newSetup(t)
		s.credential = kind
		want.name, want.check = kind, "azure.rule"
		want.assertNamed(t, s.run(t))
	}
}
