// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
	_ "modernc.org/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/kafka"
)

// seenWithin is how long a failure may last until status, metric and log say so.
const seenWithin = time.Minute

// agentEndsWithin is how long an agent may take to end, whatever its broker does.
const agentEndsWithin = 10 * time.Second

// agentReceiver is the receiver of config/gateway/agent.yaml.
const agentReceiver = "oversight/kafka"

// quickAgent makes the shipped agent poll and retry at once.
const quickAgent = "receivers: {" + agentReceiver + ": {poll_interval: 20ms, retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}}}"

// smallBatches makes several batches of few rows.
const smallBatches = "receivers: {" + agentReceiver + ": {batch_size: 50}}"

// soonUnhealthy shortens the time after which an error makes the health check fail.
const soonUnhealthy = "extensions: {health_check: {component_health: {recovery_duration: 1s}}}"

// eventsTable is the table of a registry.
const eventsTable = `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT,
	issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT,
	tlog_index INTEGER)`

// registryOf writes a registry with n rows, whose ids are 1, 2, …, and returns the path
// of its database.
func registryOf(t testing.TB, n int) (database string) {
	t.Helper()
	database = filepath.Join(t.TempDir(), "registry.sqlite")
	db := openRegistry(t, database)
	_, err := db.ExecContext(t.Context(), eventsTable)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	appendRows(t, database, n, func(i int) string { return fmt.Sprintf("agent %d", i) })
	return database
}

// appendRows writes n further rows, each with the user agent of its number.
func appendRows(t testing.TB, database string, n int, userAgent func(i int) string) {
	t.Helper()
	db := openRegistry(t, database)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	statement, err := tx.PrepareContext(t.Context(), `INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp)
		VALUES (?, ?, 'alice@corp.example', 'issuer-legal', 'http_img', '203.0.113.7', ?, '{}', 1767225600, '2026-01-01T00:00:00Z')`)
	require.NoError(t, err)
	for i := range n {
		_, err := statement.ExecContext(t.Context(), fmt.Sprintf("%032x", i), fmt.Sprintf("00000000-0000-0000-0000-%012x", i), userAgent(i))
		require.NoError(t, err)
	}
	require.NoError(t, statement.Close())
	require.NoError(t, tx.Commit())
	require.NoError(t, db.Close())
}

func openRegistry(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	return db
}

// topicOf is the name of a test's topic.
func topicOf(t testing.TB) string { return strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()) }

// agent is a collector beside a registry, which writes to a topic. It can be started
// again with the same checkpoint.
type agent struct {
	t        testing.TB
	database string
	registry string // its id
	topic    string
	broker   string // its address
	state    string // directory of the checkpoint
	changes  []string
}

func newAgent(t testing.TB, broker, topic, database string, changes ...string) *agent {
	t.Helper()
	return &agent{
		t: t, database: database, registry: strings.Repeat("deadbeef", 8), topic: topic, broker: broker,
		state: t.TempDir(), changes: append([]string{quickAgent}, changes...),
	}
}

// start starts the shipped configuration with the agent's changes.
func (a *agent) start() *collector {
	a.t.Helper()
	_, metricsPort, err := net.SplitHostPort(freeAddress(a.t))
	require.NoError(a.t, err)
	return startCollector(a.t, "gateway/agent.yaml", a.changes,
		"OVERSIGHT_DATABASE="+a.database,
		"OVERSIGHT_REGISTRY_ID="+a.registry,
		"OVERSIGHT_STATE="+a.state,
		"KAFKA_BROKER="+a.broker,
		"KAFKA_TOPIC="+a.topic,
		"HEALTH_ENDPOINT="+freeAddress(a.t),
		"METRICS_PORT="+metricsPort,
	)
}

// requireSeen requires that a failure is seen where an operator looks, while it lasts:
// in the status, in a metric and, with these words, in the log.
func requireSeen(t testing.TB, c *collector, since time.Time, words ...string) {
	t.Helper()
	eventually(t, func() error {
		if status, answer := c.health(); status != http.StatusInternalServerError {
			return fmt.Errorf("/health answers %d: %s", status, answer)
		}
		for _, text := range append(words, "nothing is dropped") {
			if !strings.Contains(c.log(), text) {
				return fmt.Errorf("the log has no %q", text)
			}
		}
		if oldest, _ := c.metric("otelcol_oversight_receiver_oldest_unread_age"); oldest == 0 {
			return fmt.Errorf("the metric oldest_unread_age is %v", oldest)
		}
		return nil
	})
	seen := time.Since(since)
	t.Logf("seen after %v", seen.Round(100*time.Millisecond))
	assert.Less(t, seen, seenWithin)
}

// requireStatus requires that the health check says why, in a broker's words.
func requireStatus(t testing.TB, c *collector, since time.Time, words string) {
	t.Helper()
	eventually(t, func() error {
		if status, answer := c.health(); status != http.StatusInternalServerError || !strings.Contains(answer, words) {
			return fmt.Errorf("/health answers %d, without %q: %s", status, words, answer)
		}
		return nil
	})
	said := time.Since(since)
	t.Logf("the status says why after %v", said.Round(100*time.Millisecond))
	assert.Less(t, said, seenWithin)
}

// requireHealthy waits until the health check is good.
func requireHealthy(t testing.TB, c *collector) {
	t.Helper()
	eventually(t, func() error {
		if status, answer := c.health(); status != http.StatusOK {
			return fmt.Errorf("/health answers %d: %s", status, answer)
		}
		return nil
	})
}

// topicRecord is an event in a topic.
type topicRecord struct {
	registry, uid string
	id            int
	partition     int32
	offset        int64
	truncated     bool
}

// topicReader reads everything in a topic, until the test ends.
type topicReader struct {
	mu      sync.Mutex
	records []topicRecord
}

func readTopic(t testing.TB, b *kafka.Broker, topic string) *topicReader {
	t.Helper()
	client := b.Client(t, kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	r := &topicReader{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(r.add)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return r
}

func (r *topicReader) add(message *kgo.Record) {
	logs, err := new(plog.ProtoUnmarshaler).UnmarshalLogs(message.Value)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range logs.ResourceLogs().All() {
		registry, _ := resource.Resource().Attributes().Get("oversight.registry.id")
		for _, scope := range resource.ScopeLogs().All() {
			for _, log := range scope.LogRecords().All() {
				uid, _ := log.Attributes().Get("log.record.uid")
				id, _ := log.Attributes().Get("oversight.event.id")
				number, _ := strconv.Atoi(id.AsString())
				_, truncated := log.Attributes().Get("oversight.truncated")
				r.records = append(r.records, topicRecord{
					registry: registry.AsString(), uid: uid.AsString(), id: number,
					partition: message.Partition, offset: message.Offset, truncated: truncated,
				})
			}
		}
	}
}

func (r *topicReader) all() []topicRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.records)
}

// counts returns how many different events of a registry are in the topic, and how
// many are there once more.
func (r *topicReader) counts(registry string) (different, repeated int) {
	seen := map[string]bool{}
	for _, record := range r.all() {
		switch {
		case record.registry != registry:
		case seen[record.uid]:
			repeated++
		default:
			seen[record.uid] = true
		}
	}
	return len(seen), repeated
}

// requireInTopic waits until the rows 1 to n of a registry are in the topic, and no
// others, and returns how many are there once more. They are in one partition.
func requireInTopic(t testing.TB, r *topicReader, registry string, n int) (repeated int) {
	t.Helper()
	return requireRows(t, r, registry, 1, n)
}

// requireRows does the same for the rows from one to another.
func requireRows(t testing.TB, r *topicReader, registry string, first, last int) (repeated int) {
	t.Helper()
	eventually(t, func() error {
		different, again := r.counts(registry)
		if repeated = again; different < last-first+1 {
			return fmt.Errorf("%d of %d events are in the topic, %d of them again", different, last-first+1, again)
		}
		return nil
	})
	partitions := map[int32]bool{}
	ids := map[int]bool{}
	for _, record := range r.all() {
		if record.registry == registry {
			partitions[record.partition], ids[record.id] = true, true
		}
	}
	for id := first; id <= last; id++ {
		require.True(t, ids[id], "event %d is in the topic", id)
	}
	require.Len(t, ids, last-first+1, "events")
	require.Len(t, partitions, 1, "events of one registry are in one partition")
	return repeated
}

// requireOrder requires that the events of each registry are in order. Repeats do not
// count. Where a broker refused events, some were sent ahead of others.
func requireOrder(t testing.TB, r *topicReader) {
	t.Helper()
	newest := map[string]int{}
	seen := map[string]bool{}
	for _, record := range r.all() {
		if seen[record.uid] {
			continue
		}
		seen[record.uid] = true
		require.Greater(t, record.id, newest[record.registry], "the events of %s are in order", record.registry)
		newest[record.registry] = record.id
	}
}
