// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package treehead

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Path is where a registry serves its signed tree head.
const Path = "/tlog/head"

// MaxSize bounds the body of a tree head, and the header of the answer, in bytes. Real
// bodies have some 350.
const MaxSize = 64 << 10

// Fetcher fetches the tree heads of one registry. It is safe for concurrent use.
type Fetcher struct {
	// UserAgent replaces the header User-Agent. Default: that of the client.
	UserAgent string

	client http.Client
	url    *url.URL
}

// New returns a Fetcher for the registry at an http or https URL. [Path] is added
// to a URL that does not end with it. The client says which proxy, TLS settings,
// headers and timeout are used; it is copied, without its CheckRedirect: redirects
// are not followed.
func New(client *http.Client, registry string) (*Fetcher, error) {
	parsed, err := url.Parse(registry)
	// The error of url.Parse repeats the URL, which may hold secrets.
	if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") {
		return nil, errors.New("the registry's address must be a URL such as https://registry.example.org")
	}
	if !strings.HasSuffix(parsed.Path, Path) {
		parsed = parsed.JoinPath(Path)
	}
	f := &Fetcher{client: *client, url: parsed}
	// A client of the collector sets its configured headers, secrets among them, on
	// every request that it sends, whatever the host.
	f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return f, nil
}

// LimitHeader makes a transport refuse headers of more than [MaxSize] bytes. It must be
// called before the first request. Otherwise an answer could cost several times the limit
// of net/http, which is 10 MiB. Another transport than that of net/http is left as it is.
func LimitHeader(transport http.RoundTripper) {
	if t, ok := transport.(*http.Transport); ok {
		t.MaxResponseHeaderBytes = MaxSize
	}
}

// URL is the address that tree heads are fetched from, without user, password,
// query and fragment.
func (f *Fetcher) URL() string { return redacted(f.url) }

// Fetch returns the body of the answer. Its errors name the URL, without the parts
// that [Fetcher.URL] leaves out.
func (f *Fetcher) Fetch(ctx context.Context) ([]byte, error) {
	body, err := f.fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", f.URL(), err)
	}
	return body, nil
}

func (f *Fetcher) fetch(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	if f.UserAgent != "" {
		request.Header.Set("User-Agent", f.UserAgent)
	}
	response, err := f.client.Do(request)
	if err != nil {
		if wrapped := new(url.Error); errors.As(err, &wrapped) {
			err = wrapped.Err // without the URL, which may hold secrets
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 && response.StatusCode <= 399 {
		return nil, redirectError(response)
	}
	body, err := Read(response.Body)
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the registry responded %s: %.200q", response.Status, body)
	}
	return body, err
}

// redirectError shows the target without the parts that may be secret, and nothing
// of the body.
func redirectError(response *http.Response) error {
	target, err := response.Location()
	if err != nil {
		return fmt.Errorf("the registry responded %s, and redirects are not followed: configure the address that serves %s", response.Status, Path)
	}
	return fmt.Errorf("the registry redirects (%s) to %q, which is not followed: configure the address that serves %s", response.Status, redacted(target), Path)
}

// CloseIdleConnections closes the connections that no request uses.
func (f *Fetcher) CloseIdleConnections() { f.client.CloseIdleConnections() }

// Read reads a tree head of at most [MaxSize] bytes, such as from a file.
func Read(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err == nil && len(body) > MaxSize {
		return nil, fmt.Errorf("the response is longer than %d bytes, the limit of a tree head", MaxSize)
	}
	return body, err
}

func redacted(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
