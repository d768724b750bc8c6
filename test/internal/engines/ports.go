// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package engines

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// FreePort returns a TCP port of 127.0.0.1 that nothing listens on. Systems assign
// ports from 32768 (Linux) or 49152 on (others) to connections: this one is below,
// so that no connection gets it while a server is down. Another program can still
// take it first: a server that finds its port in use has to be given another one.
func FreePort(ctx context.Context) (int, error) {
	for range 1000 {
		port := 10_000 + rand.IntN(10_000) //nolint:gosec // no secret
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no port of 127.0.0.1 between 10000 and 20000 is free")
}
