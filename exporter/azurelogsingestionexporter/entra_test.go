// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	testTenant = "11111111-2222-3333-4444-555555555555"
	testClient = "66666666-7777-8888-9999-aaaaaaaaaaaa"
	testSecret = "correct horse battery staple"
)

// entra behaves like Microsoft Entra ID: it issues tokens to the applications that
// a test accepts.
type entra struct {
	*httptest.Server
	caFile string

	mu     sync.Mutex
	check  func(form url.Values) bool
	down   bool
	forms  []url.Values // of token requests
	tokens []string     // issued
}

func newEntra(t testing.TB) *entra {
	t.Helper()
	e := &entra{check: func(form url.Values) bool { return form.Get("client_secret") == testSecret }}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+testTenant+"/v2.0/.well-known/openid-configuration", e.discover)
	mux.HandleFunc("POST /"+testTenant+"/oauth2/v2.0/token", e.issueToken)
	e.Server = httptest.NewTLSServer(mux)
	t.Cleanup(e.Close)
	e.caFile = filepath.Join(t.TempDir(), "ca.pem")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.Certificate().Raw})
	require.NoError(t, os.WriteFile(e.caFile, ca, 0o600))
	return e
}

func (e *entra) discover(w http.ResponseWriter, _ *http.Request) {
	base := e.URL + "/" + testTenant
	_ = json.NewEncoder(w).Encode(map[string]string{
		"issuer":                 base + "/v2.0",
		"authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"token_endpoint":         base + "/oauth2/v2.0/token",
	})
}

func (e *entra) issueToken(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forms = append(e.forms, r.PostForm)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case e.down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.PostForm.Get("client_id") != testClient || r.PostForm.Get("grant_type") != "client_credentials" || !e.check(r.PostForm):
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"error":             "invalid_client",
			"error_description": "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0815\r\nTimestamp: 2026-01-31 00:00:00Z",
		})
	default:
		token := tokenFor(r.PostForm.Get("scope"))
		e.tokens = append(e.tokens, token)
		_ = json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "expires_in": 3599, "access_token": token})
	}
}

// tokenFor is a token whose audience is that of the scopes. Nothing signs it.
func tokenFor(scopes string) string {
	audience := ""
	for _, scope := range strings.Fields(scopes) {
		if resource, ok := strings.CutSuffix(scope, "/.default"); ok {
			audience = resource
		}
	}
	claims, _ := json.Marshal(map[string]string{"aud": audience})
	return "head." + base64.RawURLEncoding.EncodeToString(claims) + ".signature"
}

func audienceOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "(no token)"
	}
	var claims struct{ Aud string }
	data, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(data, &claims)
	return claims.Aud
}

// configure makes a configuration ask here for tokens, with a secret.
func (e *entra) configure(config *Config) {
	*config.Credential.GetOrInsertDefault() = CredentialConfig{
		Type: CredentialClientSecret, TenantID: testTenant, ClientID: testClient, ClientSecret: testSecret,
		Cloud: CloudPublic, AuthorityHost: e.URL,
	}
	config.ClientConfig.TLS.CAFile = e.caFile
}

func (e *entra) set(down bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = down
}

func (e *entra) requests() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]url.Values{}, e.forms...)
}

func TestTokensHaveAnAudience(t *testing.T) {
	assert.Equal(t, "https://monitor.azure.us", audienceOf(tokenFor("openid https://monitor.azure.us/.default profile")))
	assert.Equal(t, "(no token)", audienceOf(""))
}
