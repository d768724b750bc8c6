// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// megabyte is the limit of many proxies, and of Kafka's clients.
const megabyte = 1_000_000

// target is a shipped configuration, and the destination with its real limit that it
// delivers to.
type target struct {
	config    string
	variables []string
	changes   []string
	recorder  recorder
}

// targets returns every destination of the shipped configurations.
func (s *site) targets(t testing.TB) map[string]target {
	t.Helper()
	s.hec.maxContentLength, s.bulk.maxContentLength = megabyte, megabyte
	gateway := newGRPCGateway(t)
	kafka := newBroker(t, kfake.SeedTopics(3, "oversight"))
	kafka.consume(t, "oversight")
	files := filepath.Join(s.dir, "state")
	return map[string]target{
		"splunk":       {config: "splunk.yaml", recorder: s.hec},
		"elastic":      {config: "elastic.yaml", recorder: s.bulk},
		"sentinel":     {config: "sentinel.yaml", changes: []string{s.azure.trust()}, recorder: s.azure},
		"azuremonitor": {config: "azuremonitor.yaml", recorder: s.track},
		"otlp":         {config: "otlp.yaml", variables: []string{"OTLP_ENDPOINT=" + gateway.address, "OTLP_INSECURE=true"}, recorder: gateway},
		"kafka":        {config: "gateway/agent.yaml", variables: []string{"KAFKA_BROKER=" + kafka.address()}, recorder: kafka},
		"files":        {config: "files.yaml", recorder: ndjson{t, files, "ecs"}},
	}
}

var targetNames = []string{"splunk", "elastic", "sentinel", "azuremonitor", "otlp", "kafka", "files"}

func (s *site) runTarget(t target, changes ...string) *process {
	s.t.Helper()
	return s.run(t.variables, t.config, append(t.changes, changes...)...)
}

// A stranger's burst of long headers among innocent events costs none of these, and
// every long one arrives, cut and marked.
func TestFaultFloodOfLongHeaders(t *testing.T) {
	const innocent, long = 120, 180
	for content, character := range map[string]func(i int) string{
		"text":               func(i int) string { return randomText(64<<10, i) },
		"control characters": func(int) string { return strings.Repeat("\x01<", 32<<10) },
	} {
		for _, name := range targetNames {
			t.Run(content+"/"+name, func(t *testing.T) {
				t.Parallel()
				var isLong []int
				rows := beacons(innocent+long, func(i int) string {
					if i*innocent/(innocent+long) != (i-1)*innocent/(innocent+long) {
						return "Mozilla/5.0"
					}
					isLong = append(isLong, i)
					return character(i)
				})
				require.Len(t, isLong, long)
				s := newFaultSite(t, writeRegistry(t, rows))
				target := s.targets(t)[name]
				collector := s.runTarget(target)
				r := requireArrived(t, target.recorder, len(rows))
				assert.Equal(t, isLong, r.truncated, "exactly the long ones are marked as cut")
				collector.interrupt()
			})
		}
	}
}

// Batches that are too large for a destination, though no row is.
func TestFaultLargeBatches(t *testing.T) {
	for name, test := range map[string]struct {
		target      string
		rows, bytes int
	}{
		"kafka, client limit 1,000,000":         {"kafka", 1000, 420},
		"otlp, default limit 4 MiB":             {"otlp", 1000, 3900},
		"splunk, limit 1 MB (413)":              {"splunk", 3000, 1500},
		"elasticsearch, proxy limit 1 MB (413)": {"elastic", 3000, 1500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := beacons(test.rows, func(i int) string { return randomText(test.bytes, i) })
			for i := range rows {
				rows[i].extra = fmt.Sprintf(`{"qname":"%032x.t.example.com","qtype":"A"}`, i)
			}
			s := newFaultSite(t, writeRegistry(t, rows))
			target := s.targets(t)[test.target]
			collector := s.runTarget(target)
			r := requireArrived(t, target.recorder, test.rows)
			assert.Empty(t, r.truncated)
			collector.interrupt()
		})
	}
}

// A batch that is larger than the file exporter's largest file.
func TestFaultLargeBatchInFiles(t *testing.T) {
	t.Parallel()
	const rows = 1000
	s := newFaultSite(t, writeRegistry(t, beacons(rows, func(int) string { return strings.Repeat("\x01", 20<<10) })))
	collector := s.run(nil, "files.yaml")
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		r := requireArrived(t, ndjson{t, filepath.Join(s.dir, "state"), shape}, rows)
		assert.Len(t, r.truncated, rows)
	}
	collector.interrupt()
}

// One row above every limit among ten: the others arrive, and it arrives cut.
func TestFaultOneHugeRow(t *testing.T) {
	for _, name := range targetNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, writeRegistry(t, beacons(10, func(i int) string {
				if i == 5 {
					return randomText(6_000_000, i)
				}
				return "Mozilla/5.0"
			})))
			target := s.targets(t)[name]
			if name == "elastic" {
				s.bulk.maxContentLength = 100 << 20 // its default: the exporter's own limit is the lower one
			}
			collector := s.runTarget(target)
			r := requireArrived(t, target.recorder, 10)
			assert.Equal(t, []int{5}, r.truncated)
			appendRows(t, s.databases[0], beacon{agent: "behind it"})
			r = requireArrived(t, target.recorder, 11)
			assert.True(t, slices.Contains(r.whole, 11))
			collector.interrupt()
		})
	}
}
