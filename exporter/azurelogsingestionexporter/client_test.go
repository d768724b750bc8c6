// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

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
	s.config.ClientConfig.Endpoint += "/"
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
	s.config.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: id})
	rows, want := named(0, 1)
	require.NoError(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)))
	assert.Equal(t, want, s.service.rows())
	assert.Empty(t, s.entra.requests())
}

func TestMissingAuthExtension(t *testing.T) {
	s := newSetup(t, nil)
	s.config.Credential = configoptional.None[CredentialConfig]()
	s.config.ClientConfig.Auth = configoptional.Some(configauth.Config{AuthenticatorID: component.MustNewID("nobody")})
	e, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config)
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), s.host), "nobody")
	assert.NoError(t, e.Shutdown(t.Context()))
}

// Neither token nor rows are sent to the target of a redirect.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("followed")
	}))
	defer elsewhere.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer redirecting.Close()
	s := newSetup(t, nil)
	s.config.ClientConfig.Endpoint = redirecting.URL
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
			s.config.ClientConfig.Endpoint = server.URL
			s.config.ClientConfig.TLS.CAFile = filepath.Join(t.TempDir(), "ca.pem")
			ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			require.NoError(t, os.WriteFile(s.config.ClientConfig.TLS.CAFile, ca, 0o600))
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
	s.config.ClientConfig.Timeout = 200 * time.Millisecond
	rows, want := named(0, 1)
	require.NoError(t, s.start(t).ConsumeLogs(t.Context(), logsOf(t, rows...)))
	assert.Contains(t, s.service.rows(), want[0])
	assert.Contains(t, s.everything(), "no response: ")
	assert.Positive(t, s.counted(t, "requests", "0"))
}

// earlyResponder is a transport that responds before it has read the request, and
// reads it after the test.
type earlyResponder struct {
	t      *testing.T
	first  []string // the requests as they were sent
	bodies []io.ReadCloser
}

func (x *earlyResponder) RoundTrip(r *http.Request) (*http.Response, error) {
	now, err := r.GetBody()
	require.NoError(x.t, err)
	data, err := io.ReadAll(now)
	require.NoError(x.t, err)
	require.NoError(x.t, now.Close())
	x.first = append(x.first, string(data))
	x.bodies = append(x.bodies, r.Body)
	status := http.StatusNoContent
	if strings.Count(string(data), "EventUid") > 1 {
		status = http.StatusRequestEntityTooLarge
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

// Memory that the transport still reads is not reused for the next request.
func TestEarlyResponses(t *testing.T) {
	s := newSetup(t, nil)
	e, err := newLogsExporter(s.settings, s.config)
	require.NoError(t, err)
	require.NoError(t, e.start(t.Context(), s.host))
	transport := &earlyResponder{t: t}
	e.client.http.Transport = transport
	rows, json := named(0, 8)
	for range 3 { // each reuses the memory of the last one
		require.NoError(t, e.push(t.Context(), logsOf(t, rows...)))
	}
	for i, body := range transport.bodies {
		late, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		assert.Equal(t, transport.first[i], string(late), "request %d", i)
	}
	assert.Len(t, transport.bodies, 3*15)
	assert.Equal(t, "["+strings.Join(json, ",")+"]", transport.first[0])
	require.NoError(t, e.shutdown(t.Context()))
}

func TestUploadIsReleasedWhenAllBodiesAreClosed(t *testing.T) {
	u := &upload{data: []byte("rows")}
	assert.True(t, u.released())
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://127.0.0.1", http.NoBody)
	require.NoError(t, err)
	u.attach(request)
	reopened, err := request.GetBody()
	require.NoError(t, err)
	data, err := io.ReadAll(reopened)
	require.NoError(t, err)
	assert.Equal(t, "rows", string(data))
	require.NoError(t, reopened.Close())
	require.NoError(t, reopened.Close(), "closing twice counts once")
	assert.False(t, u.released())
	require.NoError(t, request.Body.Close())
	assert.True(t, u.released())
}

func TestPlaintextEndpointsAreLogged(t *testing.T) {
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
		s.config.ClientConfig.Endpoint = endpoint
		s.start(t)
		assert.Equal(t, want, s.logs.FilterMessageSnippet("does not use TLS").Len(), endpoint)
	}
}
