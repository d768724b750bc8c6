// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// logRegistry is an honest registry. Like the public ones, it writes a leaf to its
// transparency log, and then the row to its database. It is safe for concurrent use.
type logRegistry struct {
	t                testing.TB
	dialect          dialect.Dialect
	generator        *dialect.Generator
	database, leaves string
	line             func(line []byte) []byte // changes lines before they are written; may be nil

	mu   sync.Mutex
	key  ed25519.PrivateKey
	next int64    // index of the next leaf
	tree [][]byte // hashes of the leaves that it knows
	open *sql.DB  // a connection that it keeps; nil if it keeps none
}

// newLogRegistry opens the registry in a directory, and creates what is not there.
func newLogRegistry(t testing.TB, dir string, d dialect.Dialect) *logRegistry {
	t.Helper()
	r := &logRegistry{t: t, dialect: d, generator: dialect.New(d, 41)}
	r.database, r.leaves = filepath.Join(dir, "registry.sqlite"), filepath.Join(dir, "tlog", "leaves.jsonl")
	var err error
	_, r.key, err = ed25519.GenerateKey(nil)
	require.NoError(t, err)
	if _, err := os.Stat(r.database); errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, os.Mkdir(filepath.Dir(r.leaves), 0o755))
		require.NoError(t, os.WriteFile(r.leaves, nil, 0o600))
		r.execute("PRAGMA journal_mode = WAL", dialect.Schema)
	}
	r.restart()
	t.Cleanup(r.stop)
	return r
}

// publicKey is the key of its heads, in hex.
func (r *logRegistry) publicKey() string {
	return fmt.Sprintf("%x", r.key.Public())
}

// stop closes its connection.
func (r *logRegistry) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open != nil {
		assert.NoError(r.t, r.open.Close())
		r.open = nil
	}
}

// restart makes it a process that has just started: it counts the lines of its log that it
// can parse.
func (r *logRegistry) restart() {
	r.t.Helper()
	r.stop()
	text, err := os.ReadFile(r.leaves)
	require.NoError(r.t, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next, r.tree = 0, nil
	for line := range bytes.Lines(text) {
		var fields struct {
			Leaf string `json:"leaf_data"`
		}
		if json.Unmarshal(line, &fields) == nil {
			r.next, r.tree = r.next+1, append(r.tree, leafHash([]byte(fields.Leaf)))
		}
	}
	if r.dialect == dialect.PublicRust {
		r.open = openRegistry(r.t, r.database)
		require.NoError(r.t, r.open.PingContext(r.t.Context()))
	}
}

// write records so many beacon callbacks. No row comes long after its leaf.
func (r *logRegistry) write(n int) {
	r.t.Helper()
	for ; n > 0; n -= 50 {
		r.insert(r.log(min(n, 50))...)
	}
}

// log writes the leaves of so many beacon callbacks, and returns their rows, which are
// still to be inserted.
func (r *logRegistry) log(n int) []dialect.Row {
	r.t.Helper()
	rows := make([]dialect.Row, n)
	for i := range rows {
		rows[i] = r.logged()
	}
	return rows
}

// logged is log for one. Before some of them, the registry registers a document.
func (r *logRegistry) logged() dialect.Row {
	r.t.Helper()
	if r.next%10 == 0 {
		r.append(r.generator.Register())
	}
	record := r.generator.Next()
	record.Row["tlog_index"] = r.append(record.Leaf)
	return record.Row
}

// append writes a leaf, and returns its index.
func (r *logRegistry) append(leaf []byte) (index int64) {
	r.t.Helper()
	line := r.generator.Line(r.next, leaf)
	if r.line != nil {
		line = r.line(line)
	}
	appendText(r.t, r.leaves, line)
	return r.remember(leaf)
}

// remember adds a leaf to the tree, and does not write it, as with a full disk.
func (r *logRegistry) remember(leaf []byte) (index int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next, r.tree = r.next+1, append(r.tree, leafHash(leaf))
	return r.next - 1
}

// insert commits rows.
func (r *logRegistry) insert(rows ...dialect.Row) {
	r.t.Helper()
	r.use(func(db *sql.DB) {
		tx, err := db.BeginTx(r.t.Context(), nil)
		require.NoError(r.t, err)
		for _, row := range rows {
			_, err := tx.ExecContext(r.t.Context(), dialect.Insert, row.Values()...)
			require.NoError(r.t, err)
		}
		require.NoError(r.t, tx.Commit())
	})
}

func (r *logRegistry) execute(statements ...string) {
	r.t.Helper()
	r.use(func(db *sql.DB) {
		for _, statement := range statements {
			_, err := db.ExecContext(r.t.Context(), statement)
			require.NoError(r.t, err, statement)
		}
	})
}

// use lends a connection: the public registry in Rust keeps its own, the one in Python
// opens one for each request.
func (r *logRegistry) use(f func(db *sql.DB)) {
	r.t.Helper()
	if r.open != nil {
		f(r.open)
		return
	}
	db := openRegistry(r.t, r.database)
	f(db)
	require.NoError(r.t, db.Close())
}

// size is that of its tree.
func (r *logRegistry) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.tree)
}

// head signs a size and the root of the first leaves.
func (r *logRegistry) head(size, leaves int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return signHead(r.key, size, treeRoot(r.tree[:leaves]))
}

// fork signs a size and the root of a log that has another leaf behind these.
func (r *logRegistry) fork(size, leaves int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return signHead(r.key, size, treeRoot(append(r.tree[:leaves:leaves], leafHash([]byte("{}")))))
}

// lines is how many lines its log has.
func (r *logRegistry) lines() int {
	r.t.Helper()
	text, err := os.ReadFile(r.leaves)
	require.NoError(r.t, err)
	return bytes.Count(text, []byte("\n"))
}

func signHead(key ed25519.PrivateKey, size int, root []byte) []byte {
	message := fmt.Sprintf(`{"root":"%x","size":%d}`, root, size)
	return fmt.Appendf(nil, `{"size":%d,"root":"%x","signature":"%x","signed_message":%q}`, size, root, ed25519.Sign(key, []byte(message)), message)
}

func leafHash(leaf []byte) []byte {
	hash := sha256.Sum256(append([]byte{0}, leaf...))
	return hash[:]
}

// treeRoot is the root over leaves (RFC 6962, 2.1).
func treeRoot(leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		hash := sha256.Sum256(nil)
		return hash[:]
	case 1:
		return leaves[0]
	}
	split := 1
	for split*2 < len(leaves) {
		split *= 2
	}
	hash := sha256.Sum256(bytes.Join([][]byte{{1}, treeRoot(leaves[:split]), treeRoot(leaves[split:])}, nil))
	return hash[:]
}

func appendText(t testing.TB, path string, text []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = file.Write(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// cutLog puts an older log in place of this one, with a part of its lines, and restarts
// the registry.
func (r *logRegistry) cutLog(part float64) {
	r.t.Helper()
	text, err := os.ReadFile(r.leaves)
	require.NoError(r.t, err)
	lines := bytes.SplitAfter(text, []byte("\n"))
	older := bytes.Join(lines[:int(part*float64(len(lines)))], nil)
	require.NoError(r.t, os.WriteFile(r.leaves+".new", older, 0o600))
	require.NoError(r.t, os.Rename(r.leaves+".new", r.leaves))
	r.restart()
}

// keepDatabase copies the database and its write-ahead log, as they are on the disk while
// a connection is open. What it returns puts them back, as a power failure does, and
// restarts the registry.
func (r *logRegistry) keepDatabase() (putBack func()) {
	r.t.Helper()
	db := openRegistry(r.t, r.database)
	require.NoError(r.t, db.PingContext(r.t.Context()))
	r.write(1)
	kept := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(r.database + suffix)
		require.NoError(r.t, err)
		kept[suffix] = text
	}
	return func() {
		r.t.Helper()
		require.NoError(r.t, db.Close())
		r.stop()
		_ = os.Remove(r.database + "-shm") // which is memory
		for suffix, text := range kept {
			require.NoError(r.t, os.WriteFile(r.database+suffix, text, 0o600))
		}
		r.restart()
	}
}
