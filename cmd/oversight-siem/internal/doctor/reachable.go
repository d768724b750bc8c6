// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// checkReachable opens a connection to destinations that cannot be asked anything
// without an event, with TLS where the exporter uses it.
func (e *exporter) checkReachable(ctx context.Context) (found []finding) {
	settings, addresses, problem := e.addresses()
	if problem != nil {
		return problem
	}
	secure, err := tlsConfig(&settings.TLS)
	if err != nil {
		return failed(fmt.Sprintf("fix `%s::tls`; files must be readable for the collector's user", e.key()), "%s: %v", e.key(), err)
	}
	for _, a := range addresses {
		client, problem := newHTTPClient(&clientSettings{ProxyURL: settings.ProxyURL, TLS: settings.TLS}, e.key())
		if problem != nil {
			return append(found, problem...)
		}
		client.setting = a.setting
		found = append(found, e.reach(ctx, client, a, secure)...)
	}
	return append(found, notChecked("look at the collector's log and at its metrics after the start", "whether the destination accepts the credentials and events: it cannot be asked without an event")...)
}

// reach connects to an address; through a proxy where the exporter does.
func (e *exporter) reach(ctx context.Context, client *httpClient, a address, secure *tls.Config) []finding {
	defer client.http.CloseIdleConnections()
	switch proxy := client.proxy(&http.Request{URL: a.target(e.isGRPC())}); {
	case proxy == nil:
		return client.connect(ctx, a, secure)
	case e.isGRPC():
		return notChecked("pass --send-test, or look at the collector's log after the start", "%s: the exporter goes through the proxy %s, if that takes gRPC", a.hostPort, withoutSecrets(proxy))
	default:
		got, found := client.request(ctx, http.MethodGet, a.url, "", nil)
		if found != nil {
			return found
		}
		switch got.status {
		case http.StatusProxyAuthRequired:
			return failed(client.proxyRemedy(), "the proxy %s asks for credentials (407)", withoutSecrets(proxy))
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return failed(fmt.Sprintf("fix host and port in `%s`, start the server, or let the proxy reach it", client.endpoint()), "%s answers %d through the proxy %s", got.url, got.status, withoutSecrets(proxy))
		}
		return passed("%s answers (%d) through the proxy %s", got.url, got.status, withoutSecrets(proxy))
	}
}

// target is the URL by which a proxy is chosen; that of gRPC has none, and Kafka no
// proxy.
func (a *address) target(grpc bool) *url.URL {
	if grpc && a.network == "tcp" {
		return &url.URL{Scheme: "https", Host: a.hostPort}
	}
	if a.url == nil {
		return &url.URL{}
	}
	return a.url
}

// connect opens a connection to an address, and closes it.
func (c *httpClient) connect(ctx context.Context, a address, secure *tls.Config) []finding {
	if a.tls {
		connection, err := (&tls.Dialer{Config: secure}).DialContext(ctx, a.network, a.hostPort)
		if err == nil {
			err = confirmTLS(connection)
		}
		if err != nil {
			return c.unreachable(a.hostPort, err)
		}
		return passed("%s accepts TLS connections", a.hostPort)
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, a.network, a.hostPort)
	if err != nil {
		return c.unreachable(a.hostPort, err)
	}
	if err := connection.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return failed("look at the network", "%s: %v", a.hostPort, err)
	}
	return passed("%s accepts connections", a.hostPort)
}

// alertTime is how long a server is given to refuse the client's certificate: with TLS
// 1.3 it does that after the handshake has succeeded for the client.
const alertTime = time.Second / 2

// confirmTLS closes a connection, and returns an error if the server has refused it.
func confirmTLS(connection net.Conn) error {
	defer connection.Close()
	if err := connection.SetReadDeadline(time.Now().Add(alertTime)); err != nil {
		return err
	}
	_, err := connection.Read(make([]byte, 1))
	if isAlert(err) {
		return err
	}
	return nil // a server may wait, speak or close
}

// isAlert reports whether the server has sent an alert. crypto/tls returns those that
// it receives as an error of the network.
func isAlert(err error) bool {
	network, ok := errors.AsType[*net.OpError](err)
	return ok && network.Op == "remote error"
}
