// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// execute runs a statement in a database.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// insertRows is a statement that adds n rows; every 25th is a recipient's.
func insertRows(word string, n int) string {
	return fmt.Sprintf(`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<%d)
		INSERT INTO events(token_id, recipient_id, kind, timestamp) SELECT '%s'||x, iif(x%%25=7, 'somebody', NULL), 'dns', 1735000000+x FROM c`, n, word)
}

// tokensAndFindings are the tokens of the events that arrived, sorted, and the kinds and ids
// of the findings.
func (g *gateway) tokensAndFindings() (tokens, findings []string) {
	for _, r := range g.all() {
		attribute := func(name string) string {
			value, _ := r.Attributes().Get(name)
			return value.AsString()
		}
		if r.EventName() == "oversight.integrity" {
			findings = append(findings, attribute("oversight.integrity.kind")+" "+attribute("oversight.event.id"))
		} else if token := attribute("oversight.token.id"); token != "" {
			tokens = append(tokens, token)
		}
	}
	slices.Sort(tokens)
	return tokens, findings
}

// A backup is restored that lacks 500 of 800 delivered rows, and all rows of a recipient
// are deleted while the collector is down: over a file_storage, only the rows that came
// after the backup are delivered, one record says which are gone, and each deleted row is
// named, once.
func TestRestoredBackup(t *testing.T) {
	const kept, lost, added = 300, 500, 50
	a := newAgent(t, filepath.Join(t.TempDir(), "registry.sqlite"))
	a.tlog = "recheck: {rate: 100000}"
	execute(t, a.database, `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT, issuer_id TEXT,
		kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER)`)
	execute(t, a.database, insertRows("kept", kept))
	backup := filepath.Join(t.TempDir(), "backup.sqlite")
	copyFile(t, a.database, backup)
	execute(t, a.database, insertRows("lost", lost))
	want := []string{}
	expect := func(word string, n int) {
		for i := range n {
			want = append(want, word+strconv.Itoa(i+1))
		}
		slices.Sort(want)
	}
	expect("kept", kept)
	expect("lost", lost)
	run := func(findings ...string) {
		t.Helper()
		collector := a.start()
		eventually(t, func() error {
			tokens, found := a.gateway.tokensAndFindings()
			if len(tokens) < len(want) || len(found) < len(findings) {
				return fmt.Errorf("%d of %d events and %d of %d findings", len(tokens), len(want), len(found), len(findings))
			}
			return nil
		})
		collector.interrupt()
		tokens, found := a.gateway.tokensAndFindings()
		require.Equal(t, want, tokens)
		require.ElementsMatch(t, findings, found)
	}
	run()

	require.NoError(t, os.Remove(a.database))
	copyFile(t, backup, a.database)
	execute(t, a.database, insertRows("added", added))
	expect("added", added)
	run("rows_rolled_back 301")

	findings := []string{"rows_rolled_back 301"}
	for _, r := range rowsOf(t, a.database) {
		if r.recipient.Valid {
			findings = append(findings, fmt.Sprint("row_deleted ", r.id))
		}
	}
	require.Len(t, findings, 1+(kept+added)/25)
	execute(t, a.database, "DELETE FROM events WHERE recipient_id = 'somebody'")
	run(findings...)
	execute(t, a.database, insertRows("more", 1))
	expect("more", 1)
	run(findings...)
}
