// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package collectortest has what tests share that run the built collector.
package collectortest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// LogBuffer collects the output of a process while it runs. The zero value is empty.
type LogBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *LogBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *LogBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Get returns the status and the body of a response of the collector, or an error
// after two seconds.
func Get(url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// Metrics returns the collector's own metrics at a port of this machine.
func Metrics(port string) (string, error) {
	status, text, err := Get("http://" + net.JoinHostPort("127.0.0.1", port) + "/metrics")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("/metrics: status %d", status)
	}
	return text, err
}

// Sum returns the sum of the series of a metric whose labels contain all of these
// texts, and how many those are. The metrics are in the text format of Prometheus.
func Sum(metrics, name string, labels ...string) (sum float64, series int, err error) {
	for line := range strings.Lines(metrics) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != '{' && rest[0] != ' ' || !ContainsAll(rest, labels) {
			continue
		}
		fields := strings.Fields(rest)
		value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", line, err)
		}
		sum, series = sum+value, series+1
	}
	return sum, series, nil
}

// ContainsAll reports whether a text contains all of these parts.
func ContainsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// usedPorts are the ports that FreeAddress has returned.
var usedPorts sync.Map

// FreeAddress returns a loopback address that nothing listens on, a different one at
// each call. Its port is below those that systems assign by themselves, so that no
// other program gets it by chance before the collector does.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 20_000 + rand.IntN(10_000) //nolint:gosec // no secret
		if _, used := usedPorts.LoadOrStore(port, true); used {
			continue
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.Fail(t, "no port is free")
	return ""
}
