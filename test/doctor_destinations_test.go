// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// atHEC are the checks that ask HEC.
var atHEC = []string{"splunk.token"}

var doctorHECFaults = []doctorFault{
	{
		name: "HEC wrong port", check: "splunk.health", seen: "nothing listens there", remedy: "host and port in `exporters::splunk_hec::endpoint`", also: atHEC,
		change: func(s *doctorScene) { s.settings["hec"] = "http://" + freeAddress(s.t) },
	},
	{
		// Splunk Web answers an unknown path with the page to sign in.
		name: "HEC is Splunk Web", check: "splunk.health", seen: "is Splunk Web", remedy: "the port of HEC", also: atHEC,
		change: func(s *doctorScene) {
			s.hec.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "/en-US/account/login?return_to="+r.URL.Path, http.StatusSeeOther)
				return true
			})
		},
	},
	{
		name: "HEC is splunkd's management port", check: "splunk.token", seen: "management port", remedy: "the port of HEC", also: []string{"splunk.health"},
		change: func(s *doctorScene) {
			s.hec.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				answer(http.StatusUnauthorized, "text/xml; charset=UTF-8", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>\n  <messages>\n    <msg type=\"WARN\">call not properly authenticated</msg>\n  </messages>\n</response>\n")(w, r)
				return true
			})
		},
	},
	{
		name: "HEC wrong token", check: "splunk.token", seen: "does not know the token", remedy: "set `exporters::splunk_hec::token`", together: true,
		change: func(s *doctorScene) { s.hec.set(func() { s.hec.token = "another" }) },
	},
	{
		name: "HEC wrong index", check: "splunk.index", seen: "may not write to the index", remedy: "allowed indexes",
		arguments: []string{"--send-test"}, also: []string{"elasticsearch.event", "azure.event", "file.event"},
		change: func(s *doctorScene) { s.settings["index"] = "main" },
	},
	{
		name: "HEC acknowledgement on", check: "splunk.token", seen: "indexer acknowledgement on", remedy: "turn indexer acknowledgement off",
		change: func(s *doctorScene) { s.hec.set(func() { s.hec.acknowledge = true }) },
	},
	{
		name: "certificate unknown", check: "splunk.health", seen: "unknown authority", remedy: "tls::ca_file", also: atHEC,
		change: func(s *doctorScene) { s.serveHEC(time.Now().Add(time.Hour)) },
	},
	{
		name: "certificate expired", check: "splunk.health", seen: "is expired", remedy: "renew", also: atHEC,
		change: func(s *doctorScene) {
			s.settings["hec_tls"] = "ca_file: " + s.serveHEC(time.Now().Add(-time.Hour))
		},
	},
	{
		name: "certificate authority's file missing", check: "splunk.health", seen: "/none/ca.pem: no such file", remedy: "`exporters::splunk_hec`", also: atHEC,
		change: func(s *doctorScene) { s.settings["hec_tls"] = "ca_file: /none/ca.pem" },
	},
	{
		name: "HEC never answers", check: "splunk.token", seen: "does not answer", remedy: "firewalls", also: []string{"splunk.health"},
		arguments: []string{"--timeout", "1s"},
		change: func(s *doctorScene) {
			s.hec.setFault(func(_ int, _ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
		},
	},
	{
		name: "HEC answers endlessly", check: "splunk.token", seen: "does not answer", remedy: "firewalls", also: []string{"splunk.health"},
		arguments: []string{"--timeout", "1s"},
		change: func(s *doctorScene) {
			s.hec.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				for tick := time.NewTicker(10 * time.Millisecond); r.Context().Err() == nil; <-tick.C {
					_, _ = io.WriteString(w, " ")
					_ = http.NewResponseController(w).Flush()
				}
				return true
			})
		},
	},
}

var doctorElasticFaults = []doctorFault{
	{
		name: "Elasticsearch wrong key", check: "elasticsearch.key", seen: "does not accept the key", remedy: "in the format Encoded",
		also:   []string{"elasticsearch.privileges", "elasticsearch.template", "elasticsearch.block"},
		change: func(s *doctorScene) { s.bulk.set(func() { s.bulk.apiKey = "another" }) },
	},
	{
		name: "Elasticsearch key without a privilege", check: "elasticsearch.privileges", seen: "lacks the privilege auto_configure for logs-oversight.beacon-default", remedy: "collector_api_key.json", together: true,
		change: func(s *doctorScene) { s.bulk.set(func() { s.bulk.rights.privileges = []string{"create_doc"} }) },
	},
	{
		name: "Elasticsearch no template", check: "elasticsearch.template", seen: "no template of this project applies to logs-oversight.beacon-default", remedy: "install the templates", together: true,
		change: func(s *doctorScene) { s.bulk.set(func() { s.bulk.rights.noTemplate = true }) },
	},
	{
		name: "Elasticsearch read-only index", check: "elasticsearch.block", seen: "is read-only", remedy: "free disk space", together: true,
		change: func(s *doctorScene) { s.bulk.set(func() { s.bulk.rights.blocked = true }) },
	},
	{
		name: "Elasticsearch key that may only send", check: "elasticsearch.template", status: "not checked", seen: "may not read templates", remedy: "_simulate_index", also: []string{"elasticsearch.block"},
		change: func(s *doctorScene) { s.bulk.set(func() { s.bulk.rights.readAll = false }) },
	},
}

// azureRefuses makes the ingestion service refuse every request, as it does; see "Logs
// Ingestion API in Azure Monitor", Response codes.
func (s *doctorScene) azureRefuses(status int, text string) {
	s.azure.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		answer(status, "application/json", text)(w, r)
		return true
	})
}

var doctorAzureFaults = []doctorFault{
	{
		name: "Azure wrong rule", check: "azure.rule", seen: "there is no such rule", remedy: "`exporters::azure_logs_ingestion::rule_id`",
		change: func(s *doctorScene) { s.settings["rule"] = "dcr-00000000000000000000000000000000" },
	},
	{
		name: "Azure no role", check: "azure.rule", seen: "has no role", remedy: "Monitoring Metrics Publisher", together: true,
		change: func(s *doctorScene) {
			s.azureRefuses(http.StatusForbidden, `{"error":{"code":"OperationFailed","message":"The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '`+ruleID+`'."}}`)
		},
	},
	{
		name: "Azure token of another tenant", check: "azure.rule", seen: "does not accept the access token", remedy: "tenant_id",
		change: func(s *doctorScene) {
			s.azureRefuses(http.StatusUnauthorized, `{"error":{"code":"AuthenticationFailed","message":"Authentication failed."}}`)
		},
	},
	{
		name: "Azure wrong cloud", check: "azure.endpoint", seen: "is in the cloud us_government, and the credential in public", remedy: "credential::cloud", also: []string{"azure.rule"},
		arguments: []string{"--timeout", "2s"}, // the name is not resolved
		change: func(s *doctorScene) {
			s.settings["azure"] = "https://oversight.usgovvirginia-1.ingest.monitor.azure.us"
		},
	},
	{
		name: "Azure authority unreachable", check: "azure.rule", seen: "nothing listens there", remedy: "endpoint",
		change: func(s *doctorScene) { s.settings["authority"] = "https://" + freeAddress(s.t) },
	},
}

// serveHEC serves HEC over TLS with a certificate that is valid until then, and returns
// the file of its authority.
func (s *doctorScene) serveHEC(until time.Time) (ca string) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(s.t, err)
	server := httptest.NewUnstartedServer(s.hec)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	s.t.Cleanup(server.Close)
	s.settings["hec"] = server.URL
	ca = filepath.Join(s.dir, "hec.pem")
	require.NoError(s.t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o644))
	return ca
}

// The certificate of the authority makes the difference.
func TestDoctorTrustsTheConfiguredAuthority(t *testing.T) {
	s := newDoctorScene(t, nil)
	s.settings["hec_tls"] = "ca_file: " + s.serveHEC(time.Now().Add(time.Hour))
	report := s.run()
	report.requireClean(t)
}
