// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package bindingstest is a registry that stores registrations and callbacks as the public
// Python one does: with INSERT OR REPLACE, in one transaction, and the `register` leaf
// after it.
package bindingstest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver
)

// Schema is the public registries'.
const Schema = `
CREATE TABLE beacons (token_id TEXT PRIMARY KEY, file_id TEXT NOT NULL, recipient_id TEXT NOT NULL, issuer_id TEXT NOT NULL, kind TEXT NOT NULL, registered_at INTEGER NOT NULL);
CREATE TABLE manifests (file_id TEXT PRIMARY KEY, recipient_id TEXT NOT NULL, issuer_id TEXT NOT NULL, issuer_ed25519_pub TEXT NOT NULL, manifest_json TEXT NOT NULL, registered_at INTEGER NOT NULL);
CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER);
CREATE INDEX idx_events_token ON events(token_id);
CREATE INDEX idx_events_file ON events(file_id);`

// Registry is one in a directory of its own.
type Registry struct {
	// Database and Leaves are its files.
	Database, Leaves string
	// Now is its clock; every call moves it on by Step.
	Now  time.Time
	Step time.Duration

	t     testing.TB
	db    *sql.DB
	index int64
}

// New returns an empty registry.
func New(t testing.TB) *Registry {
	t.Helper()
	dir := t.TempDir()
	r := &Registry{
		t: t, Database: filepath.Join(dir, "registry.sqlite"), Leaves: filepath.Join(dir, "leaves.jsonl"),
		Now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Step: 5 * time.Minute,
	}
	require.NoError(t, os.WriteFile(r.Leaves, nil, 0o600))
	var err error
	r.db, err = sql.Open("sqlite", r.Database)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.db.Close() })
	r.Exec("PRAGMA journal_mode=WAL")
	r.Exec(Schema)
	return r
}

// Exec changes the database.
func (r *Registry) Exec(query string, args ...any) {
	r.t.Helper()
	_, err := r.db.ExecContext(r.t.Context(), query, args...)
	require.NoError(r.t, err)
}

// Issuer is one with a key of its own.
type Issuer struct {
	ID  string
	Key ed25519.PrivateKey
}

// NewIssuer returns an issuer whose key depends on a seed.
func NewIssuer(id string, seed byte) Issuer {
	return Issuer{id, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (i Issuer) public() string {
	return hex.EncodeToString(i.Key.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // it is one
}

// Manifest is a signed manifest as the Python client makes it: ASCII, its keys in order.
func (i Issuer) Manifest(fileID, recipientID string, tokens ...string) string {
	beacons := make([]string, len(tokens))
	for n, token := range tokens {
		beacons[n] = `{"kind":"http_img","token_id":` + Text(token) + `}`
	}
	form := `{"beacons":[` + strings.Join(beacons, ",") + `],"canonical_content_hash":"00","content_hash":"00","content_type":"application/pdf",` +
		`"file_id":` + Text(fileID) + `,"issued_at":1777636800,"issuer_ed25519_pub":"` + i.public() + `","issuer_id":` + Text(i.ID) + `,"l3_policy":{},` +
		`"original_filename":"\u00fc \ud83d\ude00.pdf","policy":{"jurisdiction":"EU","registry_url":"https://registry.example.org"},` +
		`"recipient":{"recipient_id":` + Text(recipientID) + `,"x25519_pub":"00"},"signature_ed25519":"%s","signature_ml_dsa":"","size_bytes":4096,` +
		`"suite":"OSGT-CLASSIC-v1","version":"OVERSIGHT-v1","watermarks":[]}`
	return fmt.Sprintf(form, hex.EncodeToString(ed25519.Sign(i.Key, []byte(fmt.Sprintf(form, "")))))
}

// Text is a JSON text as Python writes it.
func Text(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		switch {
		case unit == '"' || unit == '\\':
			b.WriteByte('\\')
			fallthrough
		case unit >= ' ' && unit <= '~':
			b.WriteByte(byte(unit))
		default:
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return `"` + b.String() + `"`
}

// Register stores a manifest and its tokens, and writes the leaf.
func (r *Registry) Register(i Issuer, fileID, recipientID string, tokens ...string) {
	r.t.Helper()
	r.Store(i, fileID, recipientID, tokens...)
	r.Leaf(fmt.Sprintf(`{"event":"register","file_id":%s,"issuer_id":%s,"issuer_pub":"%s","n_beacons":%d,"n_watermarks":0,"recipient_id":%s,"timestamp":"%s"}`,
		Text(fileID), Text(i.ID), i.public(), len(tokens), Text(recipientID), r.Now.Format(time.RFC3339)))
}

// Store is Register without the leaf: the registry was killed.
func (r *Registry) Store(i Issuer, fileID, recipientID string, tokens ...string) {
	r.t.Helper()
	r.Now = r.Now.Add(r.Step)
	var spaced bytes.Buffer
	require.NoError(r.t, json.Indent(&spaced, []byte(i.Manifest(fileID, recipientID, tokens...)), "", ""))
	text := strings.ReplaceAll(spaced.String(), "\n", " ") // what is stored is not what was signed
	r.Exec("INSERT OR REPLACE INTO manifests VALUES (?,?,?,?,?,?)", fileID, recipientID, i.ID, i.public(), text, r.Now.Unix())
	for _, token := range tokens {
		r.Exec("INSERT OR REPLACE INTO beacons VALUES (?,?,?,?,?,?)", token, fileID, recipientID, i.ID, "http_img", r.Now.Unix())
	}
}

// Callback writes the leaf and the row of a token that calls back.
func (r *Registry) Callback(token string) {
	r.t.Helper()
	r.Now = r.Now.Add(r.Step)
	var fileID, recipientID, issuerID sql.NullString
	row := r.db.QueryRowContext(r.t.Context(), "SELECT file_id, recipient_id, issuer_id FROM beacons WHERE token_id=?", token)
	if err := row.Scan(&fileID, &recipientID, &issuerID); err != nil {
		require.ErrorIs(r.t, err, sql.ErrNoRows)
	}
	at := r.Now.Format(time.RFC3339)
	index := r.Leaf(fmt.Sprintf(`{"event":"beacon","file_id":%s,"kind":"http_img","recipient_id":%s,"source_ip":"192.0.2.7","timestamp":"%s","token_id":%s,"user_agent":"curl/8"}`,
		textOrNull(fileID), textOrNull(recipientID), at, Text(token)))
	r.Exec("INSERT INTO events (token_id,file_id,recipient_id,issuer_id,kind,source_ip,user_agent,extra,timestamp,qualified_timestamp,tlog_index) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
		token, fileID, recipientID, issuerID, "http_img", "192.0.2.7", "curl/8", "{}", r.Now.Unix(), at, index)
}

func textOrNull(s sql.NullString) string {
	if !s.Valid {
		return "null"
	}
	return Text(s.String)
}

// Leaf appends a leaf, and returns its index.
func (r *Registry) Leaf(leaf string) int64 {
	r.t.Helper()
	hash := sha256.Sum256([]byte("\x00" + leaf)) // RFC 6962, 2.1
	file, err := os.OpenFile(r.Leaves, os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(r.t, err)
	defer file.Close()
	_, err = fmt.Fprintf(file, `{"index": %d, "leaf_hash": "%x", "leaf_data": %s}`+"\n", r.index, hash, Text(leaf))
	require.NoError(r.t, err)
	r.index++
	return r.index - 1
}
