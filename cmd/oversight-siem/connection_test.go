// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// acceptHEC answers like Splunk's HTTP Event Collector.
func acceptHEC(w http.ResponseWriter, request *http.Request) {
	_, _ = io.Copy(io.Discard, request.Body)
	_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
}

// tlsServer is a server whose certificate no system knows. With mutual, it asks for a
// client's certificate.
func tlsServer(t *testing.T, mutual bool) (server *httptest.Server, certFile, keyFile string) {
	t.Helper()
	server = httptest.NewUnstartedServer(http.HandlerFunc(acceptHEC))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if mutual {
		server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	certFile = writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	keyFile = writeFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	return server, certFile, keyFile
}

// sendTo exports to a URL, once.
func sendTo(t *testing.T, address string, more ...string) result {
	t.Helper()
	return run(t, exporting("edge", "splunk", append([]string{"--output", address + "/services/collector/event", "--max-tries", "1"}, more...)...)...)
}

func TestCertificateAuthority(t *testing.T) {
	server, certFile, _ := tlsServer(t, false)
	unknown := sendTo(t, server.URL)
	assert.Equal(t, 1, unknown.code)
	assert.Contains(t, unknown.stderr, "certificate")
	known := sendTo(t, server.URL, "--ca-file", certFile)
	assert.Zero(t, known.code, known.stderr)
}

func TestMutualTLS(t *testing.T) {
	server, certFile, keyFile := tlsServer(t, true)
	without := sendTo(t, server.URL, "--ca-file", certFile)
	assert.Equal(t, 1, without.code)
	assert.Contains(t, without.stderr, "certificate")
	with := sendTo(t, server.URL, "--ca-file", certFile, "--client-cert-file", certFile, "--client-key-file", keyFile)
	assert.Zero(t, with.code, with.stderr)
}

func TestProxy(t *testing.T) {
	var through atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		through.Store(request.URL.Host + " " + request.Header.Get("Proxy-Authorization"))
		acceptHEC(w, request)
	}))
	t.Cleanup(proxy.Close)
	u, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	u.User = url.UserPassword("name", "geheim")
	sent := sendTo(t, "http://splunk.invalid:8088", "--proxy", u.String())
	assert.Zero(t, sent.code, sent.stderr)
	assert.Equal(t, "splunk.invalid:8088 Basic bmFtZTpnZWhlaW0=", through.Load())
	proxy.Close()
	failed := sendTo(t, "http://splunk.invalid:8088", "--proxy", u.String())
	assert.Equal(t, 1, failed.code)
	assert.NotContains(t, failed.stderr, "geheim")
}

// The tree head is requested with the same flags.
func TestCertificateAuthorityOfTreeHead(t *testing.T) {
	server, certFile, _ := tlsServer(t, false)
	verifying := func(more ...string) result {
		return run(t, append([]string{"prove", "--tlog", testdata + "/tlog", "--index", "0", "--head", server.URL}, more...)...)
	}
	assert.Contains(t, verifying().stderr, "certificate")
	// Then the answer itself is what is wrong.
	assert.NotContains(t, verifying("--ca-file", certFile).stderr, "certificate")
}

func TestConnectionFlagErrors(t *testing.T) {
	noPEM := writeFile(t, "geheim")
	for name, c := range map[string]struct{ arguments, want []string }{
		"no such file":      {[]string{"--ca-file", "/none"}, []string{"--ca-file /none", "cannot read"}},
		"no certificate":    {[]string{"--ca-file", noPEM}, []string{"--ca-file " + noPEM, "BEGIN CERTIFICATE"}},
		"certificate alone": {[]string{"--client-cert-file", noPEM}, []string{"--client-key-file", "both"}},
		"no key":            {[]string{"--client-cert-file", noPEM, "--client-key-file", noPEM}, []string{"--client-cert-file " + noPEM}},
		"proxy":             {[]string{"--proxy", "geheim"}, []string{"--proxy", "http://proxy.example.org:3128"}},
	} {
		t.Run(name, func(t *testing.T) {
			failed := sendTo(t, "http://127.0.0.1:1", c.arguments...)
			assert.Equal(t, 1, failed.code)
			for _, want := range c.want {
				assert.Contains(t, failed.stderr, want)
			}
			assert.NotContains(t, failed.stderr, "geheim")
		})
	}
	for _, flag := range []string{"--ca-file", "--client-cert-file", "--client-key-file", "--proxy"} {
		assert.Contains(t, run(t, exporting("edge", "splunk", flag, "x")...).stderr, flag+" applies to HTTP only")
		assert.Contains(t, run(t, "prove", "--tlog", testdata+"/tlog", "--index", "0", flag, "x").stderr, flag+" applies to --head URL only")
	}
}
