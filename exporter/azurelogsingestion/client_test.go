// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestion

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension/extensionauth"
)

func TestEndpointsMayEndInASlash(t *testing.T) {
	s := newSetup(t, nil)
	s.config.Endpoint += "/"
	rows, _ := named(0, 1)
	assert.NoError(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)))
}

// tokenExtension is an extension that has tokens.
type tokenExtension struct {
	component.StartFunc
	component.ShutdownFunc
	token string
}

var _ extensionauth.HTTPClient = (*tokenExtension)(nil)

func (x *tokenExtension) RoundTripper(base http.RoundTripper) (http.RoundTripper, error) {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("Authorization", "Bearer "+x.token)
		return base.RoundTrip(r)
	}), nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAuthExtension(t *testing.T) {
	s := newSetup(t, nil)
	id := component.MustNewID("tokens")
	s.host.extensions[id] = &tokenExtension{token: tokenFor("https://monitor.azure.com/.default")}
	s.config.Credential = configoptional.None[CredentialConfig]()
	s.config.Auth = configoptional.Some(configauth.Config{AuthenticatorID: id})
	rows, want := named(0, 1)
	require.NoError(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)))
	assert.Equal(t, want, s.service.rows())
	assert.Empty(t, s.entra.requests())
}

func TestAuthExtensionThatIsNotThere(t *testing.T) {
	s := newSetup(t, nil)
	s.config.Credential = configoptional.None[CredentialConfig]()
	s.config.Auth = configoptional.Some(configauth.Config{AuthenticatorID: component.MustNewID("nobody")})
	e, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config)
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), s.host), "nobody")
	assert.NoError(t, e.Shutdown(t.Context()))
}

// Neither the token nor the rows follow a redirect.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("followed")
	}))
	defer elsewhere.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	s := newSetup(t, nil)
	s.config.Endpoint = redirecting.URL
	s.config.BackOffConfig.Enabled = false
	rows, _ := named(0, 1)
	require.ErrorContains(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)), "307 Temporary Redirect")
}

func TestTLSIs12AtLeast(t *testing.T) {
	for name, test := range map[string]struct {
		version uint16
		want    string
	}{
		"1.1": {tls.VersionTLS11, "protocol version"},
		"1.2": {tls.VersionTLS12, "404"},
		"1.3": {tls.VersionTLS13, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.Config.ErrorLog = nil
			server.TLS = &tls.Config{MinVersion: test.version, MaxVersion: test.version}
			server.StartTLS()
			defer server.Close()
			s := newSetup(t, nil)
			s.config.Endpoint = server.URL
			s.config.TLS.CAFile = filepath.Join(t.TempDir(), "ca.pem")
			ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			require.NoError(t, os.WriteFile(s.config.TLS.CAFile, ca, 0o600))
			s.config.BackOffConfig.Enabled = false
			rows, _ := named(0, 1)
			require.ErrorContains(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)), test.want)
		})
	}
}

func TestTimeoutIsForEachRequest(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := newSetup(t, func(c *call) answer {
		if c.n == 1 {
			<-release
		}
		return accepted
	})
	s.config.Timeout = 200 * time.Millisecond
	rows, want := named(0, 1)
	require.NoError(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)))
	assert.Contains(t, s.service.rows(), want[0])
	assert.Contains(t, s.everything(), "no answer: ")
	assert.EqualValues(t, 1, s.counted(t, "requests", "0"))
}

// A service that answers before it has read the request leaves the transport
// reading memory that the next request would overwrite. The race detector sees
// that; without it, the service would see rows that are no JSON.
func TestEarlyAnswers(t *testing.T) {
	s := newSetup(t, nil)
	s.config.Compression = "none"
	inner := s.service.Config.Handler
	var n atomic.Int32
	s.service.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 1 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		inner.ServeHTTP(w, r)
	})
	e := s.start(t)
	var rows []map[string]any
	for i := range 40 {
		rows = append(rows, textRow(string(rune('a'+i)), strings.Repeat(string(rune('a'+i)), 60_000)))
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, rows...)))
	dropped := s.counted(t, "rows_dropped", "too_large")
	assert.EqualValues(t, len(rows), dropped+s.counted(t, "rows_accepted"))
	assert.Len(t, s.service.rows(), len(rows)-int(dropped))
}

func TestUploadIsReturnedWhenAllBodiesAreClosed(t *testing.T) {
	u := &upload{data: []byte("rows")}
	assert.True(t, u.returned())
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://127.0.0.1", http.NoBody)
	require.NoError(t, err)
	u.attach(request)
	again, err := request.GetBody()
	require.NoError(t, err)
	data, err := io.ReadAll(again)
	require.NoError(t, err)
	assert.Equal(t, "rows", string(data))
	require.NoError(t, again.Close())
	require.NoError(t, again.Close(), "closing twice counts once")
	assert.False(t, u.returned())
	require.NoError(t, request.Body.Close())
	assert.True(t, u.returned())
}

func TestEndpointsInClearAreWarnedOf(t *testing.T) {
	for endpoint, want := range map[string]int{
		"https://dce.example.org":  0,
		"http://127.0.0.1:8080":    0,
		"http://[::1]:8080":        0,
		"http://localhost:8080":    0,
		"http://dce.example.org":   1,
		"http://192.0.2.1:8080":    1,
		"http://127.0.0.1.example": 1,
	} {
		s := newSetup(t, nil)
		s.config.Endpoint = endpoint
		s.start(t)
		assert.Equal(t, want, s.logs.FilterMessageSnippet("no TLS").Len(), endpoint)
	}
}
