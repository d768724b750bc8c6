// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// checkReachable opens a connection to destinations that cannot be asked anything
// without an event, with TLS where the exporter uses it.
func (e *exporter) checkReachable(ctx context.Context) (found []finding) {
	settings, addresses, problem := e.addresses()
	if problem != nil {
		return problem
	}
	secure, err := settings.TLS.config()
	if err != nil {
		return failed(fmt.Sprintf("fix `%s::tls`; files must be readable for the collector's user", e.key()), "%s: %v", e.key(), err)
	}
	for _, a := range addresses {
		if proxy := e.proxy(&settings, a); proxy != nil {
			found = append(found, e.connectThrough(ctx, proxy, a, secure)...)
			continue
		}
		found = append(found, e.connect(ctx, a, secure)...)
	}
	return append(found, notChecked("look at the collector's log and at its metrics after the start", "whether the destination accepts the credentials and events: it cannot be asked without an event")...)
}

// connect opens a connection to an address, and closes it.
func (e *exporter) connect(ctx context.Context, a address, secure *tls.Config) []finding {
	client := &httpClient{key: e.key()}
	if a.tls {
		connection, err := (&tls.Dialer{Config: secure}).DialContext(ctx, "tcp", a.hostPort)
		if err == nil {
			err = confirmTLS(connection)
		}
		if err != nil {
			return client.unreachable(a.hostPort, err)
		}
		return passed("%s accepts TLS connections", a.hostPort)
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", a.hostPort)
	if err != nil {
		return client.unreachable(a.hostPort, err)
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
