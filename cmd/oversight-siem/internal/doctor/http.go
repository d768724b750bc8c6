// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// maxAnswer bounds the body of an answer that is read, in bytes.
const maxAnswer = 64 << 10

// httpClient sends requests as a component does.
type httpClient struct {
	http *http.Client
	// key is the path of the component's settings, such as exporters::splunk_hec.
	key    string
	header http.Header // of every request
	// setting is the one below key that has the address; empty for endpoint.
	setting string
}

// endpoint is the path of the setting with the address.
func (c *httpClient) endpoint() string {
	return c.key + "::" + cmp.Or(c.setting, "endpoint")
}

// answer is what a server answered.
type answer struct {
	url    string
	status int
	header http.Header
	body   []byte
}

// isHTML reports whether the answer is a page for people.
func (a *answer) isHTML() bool {
	return strings.Contains(a.header.Get("Content-Type"), "html") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(string(a.body))), "<!doctype html")
}

// redirect is where the answer sends the client; empty for no redirect.
func (a *answer) redirect() string {
	if a.status < 300 || a.status > 399 {
		return ""
	}
	location, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return "elsewhere"
	}
	return withoutSecrets(location)
}

// withoutSecrets is a URL without user, query and fragment.
func withoutSecrets(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// request sends a request. found says what is wrong if there is no answer.
func (c *httpClient) request(ctx context.Context, method string, u *url.URL, body string, header http.Header) (a answer, found []finding) {
	request, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return answer{}, failed(fmt.Sprintf("set `%s` to a URL such as https://host.example.org:8088", c.endpoint()), "the endpoint is not a URL")
	}
	c.addHeader(request)
	maps.Copy(request.Header, header)
	a.url = withoutSecrets(u)
	response, err := c.http.Do(request)
	if err != nil {
		return a, c.unreachableBy(a.url, c.proxy(request), err)
	}
	defer response.Body.Close()
	a.status, a.header = response.StatusCode, response.Header
	if a.body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer)); err != nil {
		return a, c.unreachable(a.url, err)
	}
	return a, nil
}

// addHeader adds the header of every request. Host has a field of its own.
func (c *httpClient) addHeader(request *http.Request) {
	maps.Copy(request.Header, c.header)
	if host := c.header.Get("Host"); host != "" {
		request.Host = host
	}
}

// proxy is that of a request; nil for none.
func (c *httpClient) proxy(request *http.Request) *url.URL {
	transport, ok := c.transport()
	if !ok || transport.Proxy == nil {
		return nil
	}
	proxy, err := transport.Proxy(request)
	if err != nil {
		return nil
	}
	return proxy
}

// proxyRemedy says what to do about a proxy.
func (c *httpClient) proxyRemedy() string {
	return fmt.Sprintf("fix `%s::proxy_url`, or HTTPS_PROXY and NO_PROXY of the environment; a proxy that asks for a user has it in its URL", c.key)
}

// unreachableBy explains why there is no answer through a proxy; nil for none.
func (c *httpClient) unreachableBy(address string, proxy *url.URL, err error) []finding {
	if proxy == nil {
		return c.unreachable(address, err)
	}
	address += " through the proxy " + withoutSecrets(proxy)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	found := c.unreachable(address, err)
	network, ok := errors.AsType[*net.OpError](err)
	if ok && network.Op == "proxyconnect" || err.Error() == http.StatusText(http.StatusProxyAuthRequired) {
		found[0].remedy = c.proxyRemedy()
	}
	return found
}

// unreachable explains why there is no answer.
func (c *httpClient) unreachable(address string, err error) []finding {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the URL, which may hold secrets
	}
	if found := c.badCertificate(address, err); found != nil {
		return found
	}
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	_, noHost := errors.AsType[*net.DNSError](err)
	switch {
	case notTLS, strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return failed(fmt.Sprintf("write http:// in place of https:// in `%s`, or another port, or turn TLS on at the server", c.endpoint()), "%s does not speak TLS", address)
	case noHost:
		return failed(fmt.Sprintf("fix the host in `%s`, or the name service of this machine", c.endpoint()), "%s: %v", address, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return failed(fmt.Sprintf("fix host and port in `%s`, or start the server", c.endpoint()), "%s: nothing listens there: connection refused", address)
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return failed(fmt.Sprintf("look at firewalls and at `%s::proxy_url`", c.key), "%s does not answer", address)
	case strings.HasPrefix(address, "http://") && isHungUp(err):
		return failed(fmt.Sprintf("write https:// in place of http:// in `%s`, if the server speaks TLS; otherwise look at its log", c.endpoint()), "%s ends the connection without an answer in HTTP", address)
	default:
		return failed(fmt.Sprintf("fix `%s`; look at proxies in between", c.endpoint()), "%s: %v", address, err)
	}
}

// isHungUp reports whether a server does what one of TLS does with a request without it.
func isHungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || strings.Contains(err.Error(), "malformed HTTP response")
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// notWhatWeWant explains an answer of something else than the server that should be
// there; nil for one that may be its own.
func (c *httpClient) notWhatWeWant(a *answer, what string) []finding {
	switch {
	case a.redirect() != "":
		return failed(fmt.Sprintf("set `%s` to the address of %s itself; redirects are not followed", c.endpoint(), what), "%s redirects (%d) to %s", a.url, a.status, a.redirect())
	case a.isHTML():
		return failed(fmt.Sprintf("set `%s` to the address of %s: a login page or a proxy answers there", c.endpoint(), what), "%s answers %d with an HTML page", a.url, a.status)
	}
	return nil
}
