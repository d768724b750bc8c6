// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

// collectorRows is how many events the collector delivers, in three minutes on a busy
// machine, and waitTimeout how long each part of it may take.
const (
	collectorRows = 100_000
	waitTimeout   = 5 * time.Minute
)

// The built collector delivers 100,000 events into the data streams as they are installed:
// each once, although it is killed several times; a finding; and checkpoint records. All have
// passed the pipeline, and none adds a field.
func TestCollectorDelivers(t *testing.T) {
	n := installed(t)
	before := createStreams(t, n)
	database := newRegistry(t)
	state := t.TempDir()
	for _, limit := range []int{1, collectorRows / 4, collectorRows / 2} {
		c := startCollector(t, n, database, state)
		waitForCount(t, n, "oversight.beacon", limit)
		c.Kill()
		require.Less(t, n.Count(t, "logs-oversight.beacon-default", ""), collectorRows, "killed when nothing was left to deliver")
	}
	c := startCollector(t, n, database, state)
	waitForCount(t, n, "oversight.beacon", collectorRows)
	inRegistry(t, database, `UPDATE events SET user_agent = 'another' WHERE id = 17`)
	waitForCount(t, n, "oversight.integrity", 1)
	c.Terminate(waitTimeout)
	require.NoError(t, c.Err)
	waitForCount(t, n, "oversight.checkpoint", 1)

	assert.Equal(t, collectorRows, n.Count(t, "logs-oversight.beacon-default", ""))
	assert.Equal(t, collectorRows, countRows(t, n), "different rows of the registry")
	for _, dataset := range datasets {
		assert.Zero(t, n.Count(t, "logs-"+dataset+"-default", `{"bool":{"must_not":{"exists":{"field":"event.ingested"}}}}`), dataset)
		assert.Zero(t, n.Count(t, "logs-"+dataset+"-default", `{"exists":{"field":"tags"}}`), dataset)
	}
	assert.Equal(t, 1, n.Count(t, "logs-oversight.integrity-default", `{"bool":{"filter":[{"term":{"event.kind":"alert"}},{"term":{"event.severity":73}},{"exists":{"field":"rule.name"}}]}}`))
	assert.Equal(t, before, mappings(t, n), "dynamic mapping has added fields")
}

// countRows returns of how many rows of the registry there are events.
func countRows(t *testing.T, n *opensearch.Node) (count int) {
	t.Helper()
	after := ""
	for {
		result := n.Search(t, "logs-oversight.beacon-default", `{"size":0,"aggs":{"rows":{"composite":{"size":10000,`+after+
			`"sources":[{"id":{"terms":{"field":"event.id"}}}]}}}}`)
		var rows struct {
			Buckets  []json.RawMessage
			AfterKey json.RawMessage `json:"after_key"`
		}
		require.NoError(t, json.Unmarshal(result.Aggregations["rows"], &rows))
		if len(rows.Buckets) == 0 {
			return count
		}
		count += len(rows.Buckets)
		after = `"after":` + string(rows.AfterKey) + ","
	}
}

// newRegistry writes a registry with collectorRows rows.
func newRegistry(t *testing.T) (database string) {
	t.Helper()
	database = filepath.Join(t.TempDir(), "registry.sqlite")
	inRegistry(t, database, `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT,
		issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT,
		tlog_index INTEGER)`)
	inRegistry(t, database, fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp)
		SELECT printf('%%032x', i), 'file-' || i %% 100, 'r' || i %% 50 || '@corp.example', 'issuer', CASE i %% 2 WHEN 0 THEN 'dns' ELSE 'http_img' END,
			'203.0.113.' || i %% 250, 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Word/16.' || i %% 20, '{"qname":"t' || i || '.beacon.example","k' || i || '":1}',
			1767225600 + i FROM n`, collectorRows))
	return database
}

func inRegistry(t *testing.T, database, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// startCollector starts the built collector with the shipped configuration for
// OpenSearch, which differs from Elasticsearch's in what the exporter expects of answers.
func startCollector(t *testing.T, n *opensearch.Node, database, state string) *collectortest.Process {
	t.Helper()
	_, metricsPort, err := net.SplitHostPort(collectortest.FreeAddress(t))
	require.NoError(t, err)
	quick := filepath.Join(t.TempDir(), "quick.yaml")
	require.NoError(t, os.WriteFile(quick, []byte(`receivers: {oversight/opensearch: {poll_interval: 20ms}}`), 0o600))
	command := exec.Command(filepath.Join(root, "bin", "otelcol-oversight"), "--config", filepath.Join(root, "config", "opensearch.yaml"), "--config", quick)
	command.Env = append(os.Environ(), "OVERSIGHT_DATABASE="+database, "OVERSIGHT_REGISTRY_ID=registry", "OVERSIGHT_STATE="+state,
		"OPENSEARCH_ENDPOINT="+n.URL(), "OPENSEARCH_USER=u", "OPENSEARCH_PASSWORD=p", "HEALTH_ENDPOINT="+collectortest.FreeAddress(t),
		"METRICS_PORT="+metricsPort)
	return collectortest.Start(t, command)
}

// waitForCount waits until a data stream has at least so many documents.
func waitForCount(t *testing.T, n *opensearch.Node, dataset string, want int) {
	t.Helper()
	collectortest.Eventually(t, waitTimeout, func() error {
		if got := n.Count(t, "logs-"+dataset+"-default", ""); got < want {
			return fmt.Errorf("%s: %d documents, want %d", dataset, got, want)
		}
		return nil
	})
}
