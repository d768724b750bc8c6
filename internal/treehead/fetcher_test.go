// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package treehead_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/treehead"
)

const head = `{"size":1}`

func serve(t *testing.T, handler http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func newFetcher(t *testing.T, url string) *treehead.Fetcher {
	t.Helper()
	f, err := treehead.New(&http.Client{}, url)
	require.NoError(t, err)
	return f
}

func TestFetch(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, treehead.Path, r.URL.Path)
		assert.Equal(t, "test", r.UserAgent())
		_, _ = w.Write([]byte(head))
	})
	for _, address := range []string{url, url + "/", url + treehead.Path} {
		f := newFetcher(t, address)
		f.UserAgent = "test"
		body, err := f.Fetch(t.Context())
		require.NoError(t, err)
		assert.Equal(t, head, string(body))
		assert.Equal(t, url+treehead.Path, f.URL())
	}
}

func TestErrorsNameTheURLWithoutSecrets(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
	})
	secret := strings.Replace(url, "http://", "http://user:hunter2@", 1) + "?key=hunter3"
	_, err := newFetcher(t, secret).Fetch(t.Context())
	require.ErrorContains(t, err, "GET "+url+treehead.Path)
	require.ErrorContains(t, err, "503 Service Unavailable")
	require.ErrorContains(t, err, "out of order")
	assert.NotContains(t, err.Error(), "hunter")

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newFetcher(t, secret).Fetch(canceled)
	require.ErrorIs(t, err, context.Canceled)
	assert.NotContains(t, err.Error(), "hunter")

	_, err = treehead.New(&http.Client{}, "https://user:hunter2@registry:port")
	require.ErrorContains(t, err, "must be a URL")
	assert.NotContains(t, err.Error(), "hunter")
}

func TestAddressThatIsNoWebURL(t *testing.T) {
	for _, address := range []string{"", "registry.example.org", "file:///etc/passwd", "https://"} {
		_, err := treehead.New(&http.Client{}, address)
		assert.ErrorContains(t, err, "must be a URL", address)
	}
}

func TestAnswerThatIsTooLong(t *testing.T) {
	length := treehead.MaxSize
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, length)) })
	body, err := newFetcher(t, url).Fetch(t.Context())
	require.NoError(t, err)
	assert.Len(t, body, treehead.MaxSize)
	length++
	_, err = newFetcher(t, url).Fetch(t.Context())
	require.ErrorContains(t, err, "longer than 65536 bytes")
}

// Redirects are not followed, so that secrets in configured headers stay with the
// host that they are for.
func TestRedirects(t *testing.T) {
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	target, status, requests := "", 0, 0
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests++
		if target != "" {
			w.Header().Set("Location", target)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html>a login page</html>"))
	})
	for _, status = range []int{301, 302, 303, 307, 308} {
		for _, c := range []struct{ target, want string }{
			{other + "/head?key=hunter2", `to "` + other + `/head", which is not followed`},
			{"/head?key=hunter2", `to "` + url + `/head", which is not followed`},
			{url + treehead.Path, "which is not followed"},
			{"", "redirects are not followed"},
		} {
			target, requests = c.target, 0
			_, err := newFetcher(t, url).Fetch(t.Context())
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, http.StatusText(status))
			require.ErrorContains(t, err, "configure the address that serves /tlog/head")
			assert.NotContains(t, err.Error(), "hunter")
			assert.NotContains(t, err.Error(), "login page")
			assert.NotContains(t, err.Error(), "\x1b")
			assert.Equal(t, 1, requests)
		}
	}
}
