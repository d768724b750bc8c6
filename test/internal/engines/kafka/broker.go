// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package kafka runs a real Apache Kafka broker for tests: one node that is its
// own controller (KRaft), on 127.0.0.1.
//
// It has two listeners. On [Broker.Address], without authentication, everything
// is allowed. On [Broker.SASLAddress] a user needs a password, see
// [Broker.SetPassword], and may do what [Broker.Allow] allows, which is nothing at
// first. Topics are created automatically, as is Kafka's default.
package kafka

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines"
)

//go:embed pom.xml
var pom []byte

// Broker is a broker that was started. [engines.Server] ends it and starts it again.
// Methods that take a test are safe for concurrent use.
type Broker struct {
	*engines.Server
	dir       string
	classpath string
	ports     ports
}

type ports struct{ plain, sasl, controller int }

// Start starts a broker with its data in a directory, which must be empty
// or not exist. Properties are those of a broker's server.properties, and replace the defaults
// of this package.
func Start(ctx context.Context, dir string, properties map[string]string) (*Broker, error) {
	classpath, err := engines.Fetch(ctx, engines.Program{Name: "kafka", POM: pom})
	if err != nil {
		return nil, err
	}
	b := &Broker{dir: dir, classpath: classpath}
	if err := b.format(); err != nil {
		return nil, err
	}
	b.Server, err = engines.StartServer(ctx, b.choosePorts, b.launch, properties)
	if err != nil {
		return nil, fmt.Errorf("start a Kafka broker: %w", err)
	}
	return b, nil
}

// format prepares an empty directory for a broker. This file is all that the
// command kafka-storage would write, and needs no second JVM.
func (b *Broker) format() error {
	if err := os.MkdirAll(b.dataDir(), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.dataDir(), "meta.properties"), []byte("version=1\ncluster.id=test\nnode.id=1\n"), 0o600)
}

func (b *Broker) dataDir() string { return filepath.Join(b.dir, "data") }

func (b *Broker) choosePorts(ctx context.Context) error {
	for _, port := range []*int{&b.ports.plain, &b.ports.sasl, &b.ports.controller} {
		var err error
		if *port, err = engines.FreePort(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *Broker) launch(ctx context.Context, properties map[string]string) (*engines.Process, error) {
	file := filepath.Join(b.dir, "server.properties")
	if err := os.WriteFile(file, []byte(b.serverProperties(properties)), 0o600); err != nil {
		return nil, err
	}
	return engines.StartJava(ctx, b.dir, "Kafka Server started",
		"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", // small, and quick to start
		"-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		"-cp", b.classpath, "kafka.Kafka", file)
}

// serverProperties returns the configuration. What a user of Kafka meets is left at
// its default.
func (b *Broker) serverProperties(properties map[string]string) string {
	all := map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        "1",
		"controller.quorum.voters":       "1@" + address(b.ports.controller),
		"controller.listener.names":      "CONTROLLER",
		"listeners":                      fmt.Sprintf("PLAINTEXT://%s,SASL_PLAINTEXT://%s,CONTROLLER://%s", address(b.ports.plain), address(b.ports.sasl), address(b.ports.controller)),
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs":                       b.dataDir(),

		"sasl.enabled.mechanisms":                                     "SCRAM-SHA-256,SCRAM-SHA-512",
		"listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
		"authorizer.class.name":                                       "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		"super.users":                                                 "User:ANONYMOUS", // the other listeners

		// A single node.
		"offsets.topic.replication.factor": "1",
		"offsets.topic.num.partitions":     "1",

		// Tests wait for these. A restart after SIGKILL waits until the registration
		// of the killed broker has expired.
		"broker.session.timeout.ms":        "2000",
		"broker.heartbeat.interval.ms":     "500",
		"group.initial.rebalance.delay.ms": "0",
		"group.min.session.timeout.ms":     "1000",
		"log.retention.check.interval.ms":  "500",
		"log.initial.task.delay.ms":        "500",

		// Small: 75 threads and 155 MB.
		"num.network.threads":            "1",
		"num.io.threads":                 "2",
		"background.threads":             "2",
		"log.cleaner.dedupe.buffer.size": "2097152",
	}
	maps.Copy(all, properties)
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s=%s\n", key, all[key])
	}
	return text.String()
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// Address returns HOST:PORT of the listener without authentication.
func (b *Broker) Address() string { return address(b.ports.plain) }

// SASLAddress returns HOST:PORT of the listener that wants a user and a password:
// SASL_PLAINTEXT with SCRAM-SHA-512 or SCRAM-SHA-256.
func (b *Broker) SASLAddress() string { return address(b.ports.sasl) }
