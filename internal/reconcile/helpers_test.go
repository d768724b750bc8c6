// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// eventOf is the nth honest row; its id is set when it is committed.
func eventOf(n int64) translator.Event {
	digits := strconv.FormatInt(n, 10)
	return translator.Event{
		UID: zeros[len(digits):] + digits, Kind: "http_img", TokenID: digits,
		SourceIP: "192.0.2.7", UserAgent: "curl/8.5.0", QualifiedTimestamp: "2026-01-01T00:00:00Z",
		TlogIndex: n, HasTlogIndex: true,
	}
}

const zeros = "00000000000000000000000000000000"

// The two kinds of leaves, around their number.
var (
	beaconLeaf   = newTemplate(`{"event":"beacon","file_id":null,"kind":"http_img","recipient_id":null,"source_ip":"192.0.2.7","timestamp":"2026-01-01T00:00:00Z","token_id":"`, `","user_agent":"curl/8.5.0"}`)
	registerLeaf = newTemplate(`{"event":"register","file_id":"`, `"}`)
)

// template is what is the same in all leaves of a kind, in the three forms that a
// line has them in.
type template struct{ leaf, escaped, hex [2]string }

func newTemplate(parts ...string) (t template) {
	for i, part := range parts {
		t.leaf[i] = part
		t.escaped[i] = strings.ReplaceAll(part, `"`, `\"`)
		t.hex[i] = hex.EncodeToString([]byte(part))
	}
	return t
}

// appendLine appends the nth leaf as a registry writes it: every 25th is no
// beacon's.
func appendLine(dst []byte, n int64) []byte {
	t := &registerLeaf
	if isBeacon(n) {
		t = &beaconLeaf
	}
	digits := strconv.FormatInt(n, 10)
	hash := sha256.Sum256([]byte("\x00" + t.leaf[0] + digits + t.leaf[1])) // RFC 6962, 2.1
	dst = append(append(dst, `{"index": `...), digits...)
	dst = hex.AppendEncode(append(dst, `, "leaf_hash": "`...), hash[:])
	dst = append(append(append(append(dst, `", "leaf_data": "`...), t.escaped[0]...), digits...), t.escaped[1]...)
	dst = append(append(dst, `", "leaf_data_hex": "`...), t.hex[0]...)
	dst = append(hex.AppendEncode(dst, []byte(digits)), t.hex[1]...)
	return append(dst, "\"}\n"...)
}

func isBeacon(n int64) bool { return n%25 != 3 }

// store keeps snapshots as a storage does, and the rows of a table.
type store struct {
	log, reviews []byte
	pages        map[int64][]byte
	last         int64
	rows         []translator.Event // in the order of their ids
	replaced     error              // what Unreplaced returns
}

// Unreplaced implements [reconcile.Rows].
func (s *store) Unreplaced(context.Context) error { return s.replaced }

// After implements [reconcile.Rows].
func (s *store) After(_ context.Context, after int64, maxRows int, into []translator.Event) (rows []translator.Event, more bool, err error) {
	rows = into[:0]
	for i := range s.rows {
		if s.rows[i].ID > after {
			if len(rows) == maxRows {
				return rows, true, nil
			}
			rows = append(rows, s.rows[i])
		}
	}
	return rows, false, nil
}

func (s *store) Page(_ context.Context, number int64) ([]byte, error) { return s.pages[number], nil }

func (s *store) save(t testing.TB, reconciler *reconcile.Reconciler, lastID int64) {
	t.Helper()
	snapshot, err := reconciler.Commit(lastID)
	require.NoError(t, err)
	if s.pages == nil {
		s.pages = map[int64][]byte{}
	}
	for number, page := range snapshot.Pages {
		s.pages[number] = page
	}
	for _, number := range snapshot.DeletedPages {
		delete(s.pages, number)
	}
	s.log, s.last = snapshot.Log, lastID
	if snapshot.ReviewsChanged {
		s.reviews = snapshot.Reviews
	}
	reconciler.Saved(snapshot)
}

// log is a file that a registry writes to.
type log struct {
	t    testing.TB
	path string
	file *os.File
}

func newLog(t testing.TB) *log {
	t.Helper()
	l := &log{t: t, path: filepath.Join(t.TempDir(), "leaves.jsonl")}
	var err error
	l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.file.Close() })
	return l
}

func (l *log) write(data []byte) {
	l.t.Helper()
	_, err := l.file.Write(data)
	require.NoError(l.t, err)
}

// clock is one that a test sets.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) read() time.Time { return c.now }

func (l *log) open(c *clock, s *store, wait time.Duration) *reconcile.Reconciler {
	l.t.Helper()
	reconciler, err := reconcile.Open(reconcile.Settings{
		Leaves: l.path, RegistryID: "deadbeef", Wait: wait, Grace: time.Minute, Now: c.read,
		Saved: s.log, Pages: s, SavedReviews: s.reviews, Rows: s, LastID: s.last,
	})
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = reconciler.Close() })
	return reconciler
}
