// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
)

const (
	// MaxManifestBytes is the longest manifest that is read, less than maxStepBytes.
	// A usual one has one to ten thousand.
	MaxManifestBytes = 120 << 10
	// MaxIDBytes is the longest id of a registration that is read.
	MaxIDBytes = 4 << 10
)

// ErrNoRegistrations says that the database has no tables `manifests` and `beacons`, or
// none in which a registration can be found by its key without reading all of them.
var ErrNoRegistrations = errors.New("the database has no tables `manifests` and `beacons` with the usual columns and keys")

// Token is a row of the table `beacons`: whom a token belongs to now.
type Token struct {
	TokenID, FileID, RecipientID, IssuerID string
	// RegisteredAt is that of the registration, by the registry's clock, in unix seconds.
	RegisteredAt int64
}

// Manifest is a row of the table `manifests`: the last registration of a document.
type Manifest struct {
	// Position is the row's, see [Registrations.Manifests].
	Position int64
	FileID   string
	// JSON is the signed manifest; nil if it is longer than [MaxManifestBytes].
	JSON []byte
	// RegisteredAt is when it was stored, by the registry's clock, in unix seconds.
	RegisteredAt int64
}

// Registrations reads what the registry keeps of registrations, in one state of the
// database. It finds every row by a key or an index of its table.
type Registrations struct {
	reader *Reader
	conn   *livedb.Conn
}

// Registrations calls fn with the registrations in one committed state of the database.
// If that state turns out to be inconsistent, it calls fn again: the result of fn is
// valid only once Registrations has returned no error. The error matches
// [ErrNoRegistrations] where there are none that can be read.
func (r *Reader) Registrations(ctx context.Context, fn func(*Registrations) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.db.View(ctx, func(conn *livedb.Conn, _ livedb.Attempt) error {
		if _, err := r.layout(conn); err != nil {
			return err
		}
		if !r.hasRegistrations(conn) {
			return ErrNoRegistrations
		}
		return fn(&Registrations{reader: r, conn: conn})
	})
	return r.wrap("read registrations", err)
}

const (
	queryBeacon = "SELECT " + shortFileID + ", " + shortRecipientID + ", " + shortIssuerID + ", registered_at FROM beacons WHERE token_id = ?1"

	manifestColumns = "SELECT rowid, " + shortFileID + ", iif(octet_length(manifest_json) <= 122880, manifest_json, NULL), registered_at FROM manifests WHERE "
	queryManifest   = manifestColumns + "file_id = ?1"
	queryManifests  = manifestColumns + "rowid > ?1 ORDER BY rowid LIMIT ?2"

	// The index of token_id holds rowids, which are ids, in order.
	queryFirstRow  = "SELECT id FROM events WHERE token_id = ?1 AND file_id = ?2 ORDER BY id LIMIT 1"
	queryFirstFile = "SELECT " + shortFileID + " FROM events WHERE token_id = ?1 AND file_id IS NOT NULL ORDER BY id LIMIT 1"

	shortFileID      = "iif(octet_length(file_id) <= 4096, file_id, NULL)"
	shortRecipientID = "iif(octet_length(recipient_id) <= 4096, recipient_id, NULL)"
	shortIssuerID    = "iif(octet_length(issuer_id) <= 4096, issuer_id, NULL)"
)

// hasRegistrations reports whether the tables are there and have the keys that the
// queries need. The answer holds until the schema changes.
func (r *Reader) hasRegistrations(conn *livedb.Conn) bool {
	if r.registrationsLayout != r.currentLayout {
		r.registrationsLayout = r.currentLayout
		r.registrations = isSearch(conn, queryBeacon) && isSearch(conn, queryManifest) && isSearch(conn, queryManifests)
		r.eventsOfToken = r.currentLayout.hasKey && isSearch(conn, queryFirstRow)
	}
	return r.registrations
}

// isSearch reports whether the query can be made and finds its rows by a key or an index.
func isSearch(conn *livedb.Conn, query string) bool {
	search := false
	err := eachRow(conn, "EXPLAIN QUERY PLAN "+query, func(stmt *livedb.Stmt) {
		search = search || strings.HasPrefix(string(stmt.Column(3).Text()), "SEARCH")
	})
	return err == nil && search
}

// HasIssuer reports whether the events table has issuers.
func (q *Registrations) HasIssuer() bool { return q.reader.currentLayout.has("issuer_id") }

// Token returns whom a token belongs to; ok is false if it is not registered, or its
// row cannot be read.
func (q *Registrations) Token(id string) (token Token, ok bool, err error) {
	token.TokenID = id
	err = q.eachRow(queryBeacon, func(stmt *livedb.Stmt) {
		ok = texts(stmt, 0, &token.FileID, &token.RecipientID, &token.IssuerID)
		token.RegisteredAt = stmt.Column(3).Int64()
	}, id)
	return token, ok, err
}

// Manifest returns the last registration of a document; ok is false if there is none.
func (q *Registrations) Manifest(fileID string) (manifest Manifest, ok bool, err error) {
	err = q.eachRow(queryManifest, func(stmt *livedb.Stmt) { manifest, ok = manifestOf(stmt), true }, fileID)
	return manifest, ok, err
}

// Manifests returns the registrations after a position, at most n, in the order of their
// positions: a document that is registered again gets a new one, above all others.
func (q *Registrations) Manifests(after int64, n int) (manifests []Manifest, err error) {
	err = eachRow(q.conn, queryManifests, func(stmt *livedb.Stmt) {
		manifests = append(manifests, manifestOf(stmt))
	}, after, int64(n))
	return manifests, err
}

// FirstRow returns the id and the uid of the first row of a token that names a document;
// 0 if there is none, or it cannot be found by an index.
func (q *Registrations) FirstRow(tokenID, fileID string) (id int64, uid string, err error) {
	if !q.reader.eventsOfToken {
		return 0, "", nil
	}
	err = q.eachRow(queryFirstRow, func(stmt *livedb.Stmt) { id = stmt.Column(0).Int64() }, tokenID, fileID)
	if err != nil || id <= 0 {
		return 0, "", err
	}
	uid, _, err = q.reader.uidAt(q.conn, &q.reader.currentLayout.delivery, id, q.reader.settings.RegistryID)
	return id, uid, err
}

// FirstFile returns the document that the first row of a token names; "" if there is none,
// or it cannot be found by an index.
func (q *Registrations) FirstFile(tokenID string) (fileID string, err error) {
	if !q.reader.eventsOfToken {
		return "", nil
	}
	err = q.eachRow(queryFirstFile, func(stmt *livedb.Stmt) { texts(stmt, 0, &fileID) }, tokenID)
	return fileID, err
}

func (q *Registrations) eachRow(query string, fn func(*livedb.Stmt), args ...string) error {
	stmt, err := q.conn.Prepare(query)
	if err != nil {
		return err
	}
	defer stmt.Reset()
	for i, arg := range args {
		stmt.BindText(i+1, arg)
	}
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		fn(stmt)
	}
}

func manifestOf(stmt *livedb.Stmt) Manifest {
	m := Manifest{Position: stmt.Column(0).Int64(), RegisteredAt: stmt.Column(3).Int64()}
	texts(stmt, 1, &m.FileID)
	if json := stmt.Column(2); json.Type() == livedb.TypeText {
		m.JSON = append([]byte{}, json.Text()...)
	}
	return m
}

// texts reads columns from first on as events' are read; ok is false if one is NULL or
// not a text.
func texts(stmt *livedb.Stmt, first int, into ...*string) (ok bool) {
	ok = true
	for i, text := range into {
		if column := stmt.Column(first + i); column.Type() == livedb.TypeText {
			*text = strings.ToValidUTF8(string(column.Text()), "\uFFFD")
		} else {
			ok = false
		}
	}
	return ok
}
