// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

// schema is the registry's, in the order in which it creates tables and indexes. SQLite
// stores the text of a statement as it is written here, without IF NOT EXISTS.
const schema = `
CREATE TABLE IF NOT EXISTS beacons (
    token_id TEXT PRIMARY KEY,
    file_id TEXT NOT NULL,
    recipient_id TEXT NOT NULL,
    issuer_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    registered_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS watermarks (
    mark_id TEXT NOT NULL,
    layer TEXT NOT NULL,
    file_id TEXT NOT NULL,
    recipient_id TEXT NOT NULL,
    issuer_id TEXT NOT NULL,
    registered_at INTEGER NOT NULL,
    PRIMARY KEY (mark_id, layer)
);
CREATE TABLE IF NOT EXISTS manifests (
    file_id TEXT PRIMARY KEY,
    recipient_id TEXT NOT NULL,
    issuer_id TEXT NOT NULL,
    issuer_ed25519_pub TEXT NOT NULL,
    manifest_json TEXT NOT NULL,
    registered_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id TEXT NOT NULL,
    file_id TEXT,
    recipient_id TEXT,
    issuer_id TEXT,
    kind TEXT NOT NULL,
    source_ip TEXT,
    user_agent TEXT,
    extra TEXT,
    timestamp INTEGER NOT NULL,
    qualified_timestamp TEXT,
    tlog_index INTEGER
);
CREATE TABLE IF NOT EXISTS corpus (
    file_id TEXT NOT NULL,
    hash_kind TEXT NOT NULL,
    hash_value TEXT NOT NULL,
    metadata TEXT,
    registered_at INTEGER NOT NULL,
    PRIMARY KEY (file_id, hash_kind, hash_value)
);
CREATE INDEX IF NOT EXISTS idx_events_token ON events(token_id);
CREATE INDEX IF NOT EXISTS idx_events_file ON events(file_id);
CREATE INDEX IF NOT EXISTS idx_corpus_hash ON corpus(hash_kind, hash_value);
`

const (
	insertEvent = `INSERT INTO events
		(token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	// Copies row ?2 with leaf ?1.
	copyEvent = `INSERT INTO events
		(token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, tlog_index)
		SELECT token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, qualified_timestamp, ?1
		FROM events WHERE id = ?2`

	insertManifest = `INSERT INTO manifests
		(file_id, recipient_id, issuer_id, issuer_ed25519_pub, manifest_json, registered_at)
		VALUES (?, ?, ?, ?, ?, ?)`

	insertBeacon = `INSERT INTO beacons
		(token_id, file_id, recipient_id, issuer_id, kind, registered_at)
		VALUES (?, ?, ?, ?, ?, ?)`

	insertWatermark = `INSERT INTO watermarks
		(mark_id, layer, file_id, recipient_id, issuer_id, registered_at)
		VALUES (?, ?, ?, ?, ?, ?)`

	// In the order of registration, which determines the document of each event.
	selectBeacons = `SELECT b.token_id, b.kind, b.file_id, b.recipient_id, b.issuer_id
		FROM beacons b JOIN manifests m USING (file_id)
		ORDER BY m.rowid, b.rowid`

	selectLastID = `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)`

	// Keeps the newest ?1 rows. sqlite_sequence is not changed.
	deleteOldEvents = `DELETE FROM events
		WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?1)`
)
