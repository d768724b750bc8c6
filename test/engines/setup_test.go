// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

// Package engines runs the built collector against a real Apache Kafka broker and a
// real OpenSearch node: make test-engines, which runs tests whose names begin with
// TestBroker or TestKafka at the same time as the others.
package engines

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/kafka"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

// enginesDir has the data of the broker and the node.
var enginesDir string

func TestMain(m *testing.M) {
	var err error
	enginesDir, err = os.MkdirTemp("", "oversight-engines")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	for _, end := range ends {
		end()
	}
	if err := os.RemoveAll(enginesDir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// ends has what ends the servers that were started.
var ends []func()

// Tests share one broker and one node: each uses topics, groups, users and indices
// of its own. A test may end, pause or configure them, and is then not parallel to
// others: they are as before when it has ended.
var (
	sharedBroker = sync.OnceValues(func() (*kafka.Broker, error) {
		b, err := kafka.Start(context.Background(), filepath.Join(enginesDir, "kafka"), nil)
		if err == nil {
			ends = append(ends, b.Close)
		}
		return b, err
	})
	sharedNode = sync.OnceValues(func() (*opensearch.Node, error) {
		n, err := opensearch.Start(context.Background(), filepath.Join(enginesDir, "opensearch"), nil)
		if err == nil {
			ends = append(ends, n.Close)
		}
		return n, err
	})
)

// broker returns the broker that the tests share.
func broker(t testing.TB) *kafka.Broker {
	t.Helper()
	b, err := sharedBroker()
	require.NoError(t, err)
	restore(t, b.Server)
	return b
}

// node returns the node that the tests share.
func node(t testing.TB) *opensearch.Node {
	t.Helper()
	n, err := sharedNode()
	require.NoError(t, err)
	restore(t, n.Server)
	return n
}

// restore brings a server back when the test has ended.
func restore(t testing.TB, server *engines.Server) {
	t.Cleanup(func() { require.NoError(t, server.Restore(context.Background())) })
}
