// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"database/sql"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver
)

// startAgent starts the shipped agent beside a registry with so many events.
func (s *gatewaySite) startAgent(events int) *collector {
	s.t.Helper()
	database := filepath.Join(s.t.TempDir(), "registry.sqlite")
	writeEvents(s.t, database, events)
	_, port, err := net.SplitHostPort(freeAddress(s.t))
	require.NoError(s.t, err)
	return startCollector(s.t, "gateway/agent.yaml", []string{"receivers: {oversight/kafka: {poll_interval: 20ms}}"},
		"OVERSIGHT_DATABASE="+database,
		"OVERSIGHT_REGISTRY_ID="+strings.Repeat("deadbeef", 8),
		"OVERSIGHT_STATE="+s.t.TempDir(),
		"KAFKA_BROKER="+s.address,
		"KAFKA_TOPIC="+s.topic,
		"HEALTH_ENDPOINT="+freeAddress(s.t),
		"METRICS_PORT="+port,
	)
}

// writeEvents writes a registry's database.
func writeEvents(t testing.TB, database string, events int) {
	t.Helper()
	db, err := sql.Open("sqlite", database)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT,
		issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT,
		tlog_index INTEGER)`)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp)
		SELECT printf('%032x', i), printf('file-%d', i), 'alice@corp.example', 'issuer-legal', 'http_img', '203.0.113.7', printf('agent %d', i), '{}',
			1767225600 + i, '2026-01-01T00:00:00Z' FROM n`, events)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}
