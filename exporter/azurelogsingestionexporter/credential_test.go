// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

// newCertificate writes a key and a certificate for it to a file.
func newCertificate(t *testing.T) (path string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "collector"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	path = filepath.Join(t.TempDir(), "certificate.pem")
	data := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

// issuerOf is who an assertion says that it is from.
func issuerOf(assertion string) string {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return ""
	}
	var claims struct{ Iss string }
	data, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(data, &claims)
	return claims.Iss
}

// Every kind of credential that needs no Azure machine gets a token, once.
func TestCredentials(t *testing.T) {
	federated := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(federated, []byte("service account token"), 0o600))
	for name, test := range map[string]struct {
		credential CredentialConfig
		check      func(form url.Values) bool
	}{
		"client_secret": {
			CredentialConfig{Type: CredentialClientSecret, TenantID: testTenant, ClientID: testClient, ClientSecret: testSecret},
			func(form url.Values) bool { return form.Get("client_secret") == testSecret },
		},
		"client_certificate": {
			CredentialConfig{Type: CredentialClientCertificate, TenantID: testTenant, ClientID: testClient, ClientCertificatePath: newCertificate(t)},
			func(form url.Values) bool { return issuerOf(form.Get("client_assertion")) == testClient },
		},
		"workload_identity": {
			CredentialConfig{Type: CredentialWorkloadIdentity, TenantID: testTenant, ClientID: testClient, FederatedTokenFile: federated},
			func(form url.Values) bool { return form.Get("client_assertion") == "service account token" },
		},
		"default, from the environment": {
			CredentialConfig{Type: CredentialDefault},
			func(form url.Values) bool { return form.Get("client_secret") == testSecret },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AZURE_TENANT_ID", testTenant)
			t.Setenv("AZURE_CLIENT_ID", testClient)
			t.Setenv("AZURE_CLIENT_SECRET", testSecret)
			s := newSetup(t, nil)
			s.entra.check = test.check
			test.credential.Cloud, test.credential.AuthorityHost = CloudPublic, s.entra.URL
			*s.config.Credential.GetOrInsertDefault() = test.credential
			require.NoError(t, s.config.Credential.Get().Validate())
			e := s.start(t)
			rows, want := named(0, 3)
			for _, row := range rows {
				require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, row)))
			}
			assert.Equal(t, want, s.service.rows())
			assert.Len(t, s.entra.requests(), 1, "token requests")
			assert.Contains(t, s.entra.requests()[0].Get("scope"), "https://monitor.azure.com/.default")
			assertNoSecrets(t, s)
		})
	}
}

func assertNoSecrets(t *testing.T, s *setup) {
	t.Helper()
	text := s.everything()
	assert.NotContains(t, text, testSecret)
	for _, token := range s.entra.tokens {
		assert.NotContains(t, text, token)
	}
}

func TestClouds(t *testing.T) {
	for cloud, want := range map[string]struct{ authority, audience string }{
		CloudPublic:       {"https://login.microsoftonline.com/", "https://monitor.azure.com"},
		CloudUSGovernment: {"https://login.microsoftonline.us/", "https://monitor.azure.us"},
		CloudChina:        {"https://login.chinacloudapi.cn/", "https://monitor.azure.cn"},
	} {
		t.Run(cloud, func(t *testing.T) {
			s := newSetup(t, nil)
			credential := s.config.Credential.Get()
			credential.Cloud = cloud
			s.service.audience = want.audience
			rows, _ := named(0, 1)
			require.NoError(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)))
			credential.AuthorityHost = ""
			assert.Equal(t, want.authority, credential.authority().ActiveDirectoryAuthorityHost)
		})
	}
}

func TestScope(t *testing.T) {
	s := newSetup(t, nil)
	s.config.Credential.Get().Scope = "https://monitor.example.org/.default"
	s.service.audience = "https://monitor.example.org"
	rows, _ := named(0, 1)
	require.NoError(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)))
}

// A wrong secret is reported once and loses no rows: an operator can correct it.
func TestWrongSecret(t *testing.T) {
	s := newSetup(t, nil)
	s.config.Credential.Get().ClientSecret = "a wrong secret"
	s.config.BackOffConfig.Enabled = false
	e := s.start(t)
	rows, want := named(0, 2)
	for range 3 {
		err := e.ConsumeLogs(t.Context(), logsOf(t, rows...))
		require.EqualError(t, err, "stream Custom-Test of rule "+testRule+": get an access token: "+
			"invalid_client: AADSTS7000215: Invalid client secret provided. Trace ID: 0815 Timestamp: 2026-01-31 00:00:00Z")
		assert.False(t, consumererror.IsPermanent(err))
	}
	assert.Equal(t, []string{"The service does not accept rows"}, s.messages())
	line := s.logs.FilterMessageSnippet("does not accept").All()[0].ContextMap()
	assert.Contains(t, line["hint"], "Check `credential`")
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.reported())
	assert.Empty(t, s.service.requests())
	assert.NotContains(t, s.everything(), "a wrong secret")

	s.entra.mu.Lock()
	s.entra.check = func(url.Values) bool { return true }
	s.entra.mu.Unlock()
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
	assert.Equal(t, want, s.service.rows())
	assert.Equal(t, componentstatus.StatusOK, s.host.last().Status())
}

func TestEntraIsDown(t *testing.T) {
	s := newSetup(t, nil)
	s.entra.set(true)
	s.config.BackOffConfig.Enabled = false
	e := s.start(t)
	rows, _ := named(0, 1)
	require.ErrorContains(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)), "get an access token: the token endpoint responded 503 Service Unavailable")
	s.entra.set(false)
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
}

func TestEntraIsUnreachable(t *testing.T) {
	s := newSetup(t, nil)
	s.entra.Close()
	s.config.BackOffConfig.Enabled = false
	e := s.start(t)
	rows, _ := named(0, 1)
	err := e.ConsumeLogs(t.Context(), logsOf(t, rows...))
	require.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "\n")
}

// A token that the service rejects is not cached.
func TestTokensAreInvalidated(t *testing.T) {
	tokens := newTokenCache(&fakeCredential{lifetime: time.Hour}, "scope")
	first, err := tokens.get(t.Context())
	require.NoError(t, err)
	second, err := tokens.get(t.Context())
	require.NoError(t, err)
	assert.Equal(t, first, second)
	tokens.invalidate()
	third, err := tokens.get(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first, third)
}

// silentCredential never gets a response.
type silentCredential struct{ asked atomic.Int32 }

func (c *silentCredential) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.asked.Add(1)
	<-ctx.Done()
	return azcore.AccessToken{}, ctx.Err()
}

// Concurrent callers share one token request, which times out early enough for a
// shutdown.
func TestConcurrentTokenRequestsAreMerged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers = 8
		credential := &silentCredential{}
		tokens := newTokenCache(credential, "scope")
		errs := make(chan error, callers)
		start := time.Now()
		for range callers {
			go func() {
				_, err := tokens.get(t.Context())
				errs <- err
			}()
		}
		for range callers {
			require.EqualError(t, <-errs, "context deadline exceeded")
		}
		assert.EqualValues(t, 1, credential.asked.Load())
		assert.Equal(t, tokenTimeout, time.Since(start))
	})
}

func TestTokensAreRenewedBeforeTheirEnd(t *testing.T) {
	tokens := newTokenCache(&fakeCredential{lifetime: tokenRenewalMargin - time.Second}, "scope")
	first, err := tokens.get(t.Context())
	require.NoError(t, err)
	second, err := tokens.get(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
}

func TestInvalidCredentials(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, test := range map[string]struct {
		credential CredentialConfig
		want       string
	}{
		"no file":        {CredentialConfig{Type: CredentialClientCertificate, ClientCertificatePath: "no/such/file"}, "`credential::client_certificate_path` is \"no/such/file\": open no/such/file"},
		"no certificate": {CredentialConfig{Type: CredentialClientCertificate, ClientCertificatePath: empty}, "`credential::client_certificate_path` is \"" + empty + "\""},
		"no environment": {CredentialConfig{Type: CredentialWorkloadIdentity}, "no client ID specified"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newCredential(&test.credential, nil)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// These credentials get tokens only on an Azure machine, but can be created anywhere.
func TestCredentialsOfMachines(t *testing.T) {
	for _, credential := range []CredentialConfig{
		{Type: CredentialManagedIdentity},
		{Type: CredentialManagedIdentity, ClientID: testClient},
		{Type: CredentialManagedIdentity, ResourceID: "/subscriptions/s/resourceGroups/g/providers/p"},
		{Type: CredentialAzureCLI, TenantID: testTenant},
	} {
		made, err := newCredential(&credential, http.DefaultClient)
		require.NoError(t, err)
		assert.NotNil(t, made)
	}
}

// The endpoint's headers and client certificate are not for Entra ID, its CA,
// proxy and timeout are.
func TestTokenClient(t *testing.T) {
	s := newSetup(t, nil)
	s.config.ClientConfig.TLS.ServerName = "another.example.org"
	s.config.ClientConfig.TLS.InsecureSkipVerify = true
	s.config.ClientConfig.TLS.CertFile = newCertificate(t)
	s.config.ClientConfig.TLS.KeyFile = s.config.ClientConfig.TLS.CertFile
	s.config.ClientConfig.ProxyURL = "http://proxy.example.org:3128"
	s.config.ClientConfig.Timeout = 7 * time.Second
	client, err := newTokenClient(t.Context(), s.config.ClientConfig)
	require.NoError(t, err)
	assert.Equal(t, 7*time.Second, client.Timeout)
	transport := client.Transport.(*http.Transport)
	assert.Empty(t, transport.TLSClientConfig.ServerName)
	assert.Nil(t, transport.TLSClientConfig.GetClientCertificate)
	assert.False(t, transport.TLSClientConfig.InsecureSkipVerify)
	assert.NotNil(t, transport.TLSClientConfig.RootCAs)
	for target, want := range map[string]string{
		"https://login.microsoftonline.com/":             "http://proxy.example.org:3128",
		"http://169.254.169.254/metadata/identity/token": "",
		"http://127.0.0.1:40342/":                        "",
		"http://[fe80::1]/":                              "",
	} {
		proxy, err := transport.Proxy(httptest.NewRequestWithContext(context.Background(), http.MethodGet, target, http.NoBody))
		require.NoError(t, err)
		if want == "" {
			assert.Nil(t, proxy, target)
		} else {
			assert.Equal(t, want, proxy.String(), target)
		}
	}
	s.config.ClientConfig.TLS.CAFile = "no/such/file"
	_, err = newTokenClient(t.Context(), s.config.ClientConfig)
	require.ErrorContains(t, err, "`tls`")
}
