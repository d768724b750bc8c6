// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package opensearch runs a real OpenSearch node for tests: a cluster of one, on
// 127.0.0.1, without a distribution. It has the modules for indexing, ingest
// pipelines and searching, and none of the plugins that distributions add: no
// security, index state management, k-NN, SQL or geoip.
package opensearch

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines"
)

//go:embed pom.xml
var pom []byte

//go:embed TestNode.java
var source []byte

// Node is a node that was started. [engines.Server] ends it and starts it again.
// Methods that take a test are safe for concurrent use.
type Node struct {
	*engines.Server
	home      string
	classpath string
	port      int
}

// Start starts a node with its data in a directory, which must be empty or not
// exist. Settings are those of opensearch.yml, and replace the defaults of this
// package.
func Start(ctx context.Context, home string, settings map[string]string) (*Node, error) {
	classpath, err := engines.Fetch(ctx, engines.Program{Name: "opensearch", POM: pom, Class: "TestNode", Source: source})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	n := &Node{home: home, classpath: classpath}
	n.Server, err = engines.StartServer(ctx, n.choosePort, n.launch, settings)
	if err != nil {
		return nil, fmt.Errorf("start an OpenSearch node: %w", err)
	}
	return n, nil
}

func (n *Node) choosePort(ctx context.Context) (err error) {
	n.port, err = engines.FreePort(ctx)
	return err
}

func (n *Node) launch(ctx context.Context, settings map[string]string) (*engines.Process, error) {
	all := map[string]string{
		"cluster.name":                     "test",
		"node.name":                        "node",
		"discovery.type":                   "single-node",
		"network.host":                     "127.0.0.1",
		"http.port":                        strconv.Itoa(n.port),
		"transport.port":                   "0", // nothing connects to it
		"node.store.allow_mmap":            "false",
		"action.destructive_requires_name": "true",
		// A disk that others fill does not fail the tests.
		"cluster.routing.allocation.disk.threshold_enabled": "false",
	}
	maps.Copy(all, settings)
	args := []string{
		"-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", // small, and quick to start
		"-cp", n.classpath, "TestNode", n.home,
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		args = append(args, key+"="+all[key])
	}
	return engines.StartJava(ctx, n.home, "READY ", args...)
}

// URL returns the address of its REST interface, without a slash at the end.
func (n *Node) URL() string {
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port))
}
