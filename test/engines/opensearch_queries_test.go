// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pageQuery is a request of docs/opensearch.md.
var pageQuery = regexp.MustCompile("(?ms)^### ([^\n]+)$.*?^```\nGET oversight-beacon/(_search|_count)\n(.+?)\n```$")

// searchAnswer is what a query of the page returns.
type searchAnswer struct {
	Count int // of _count
	Hits  struct {
		Hits []struct {
			Source map[string]any `json:"_source"`
		}
	}
	Aggregations map[string]bucketList
}

type bucketList struct {
	Buckets []bucket
}

type bucket struct {
	Key       any
	Documents int        `json:"doc_count"`
	Tokens    bucketList // of bursts
	Addresses struct{ Value int }
	Roots     struct{ Value int }     // of tree heads
	Last      struct{ Value float64 } // of a receiver's records, in milliseconds since 1970
}

// The queries of the page return what the registry has, from monthly indexes and from
// a data stream.
func TestOpenSearchQueries(t *testing.T) {
	const edited = "20"
	database := generateRegistry(t, 500, "--tamper", "row-edited", "--tamper-at", edited)
	burst := addBurst(t, database)
	for _, layout := range layouts {
		t.Run(layout.config, func(t *testing.T) {
			s := newSearchSetup(t, layout, database)
			collector := s.start(verified(database))
			var events int
			scan(t, database, "SELECT count(*) FROM events", &events)
			s.requireStored(stored{whole: events})
			const unverified = burstEvents + 1 // these have no leaf, and one row was edited
			requireFindings(s, 3)              // row_unlogged of the burst, row_mismatch, and the leaf of that row
			collector.end()
			query := s.pageQueries(t)

			assert.Len(t, query["Who opened what, from where"]().Hits.Hits, events)
			assert.Equal(t, events, query["No events for a day"]().Count)
			var tokens int
			scan(t, database, "SELECT count(DISTINCT token_id) FROM events WHERE file_id IS NULL", &tokens)
			assert.Len(t, query["Unknown tokens"]().Aggregations["tokens"].Buckets, tokens)
			var recipients int
			scan(t, database, "SELECT count(DISTINCT recipient_id) FROM events", &recipients)
			assert.Len(t, query["First beacon of each recipient"]().Aggregations["recipients"].Buckets, recipients)

			var found []any
			for _, window := range query["Bursts"]().Aggregations["windows"].Buckets {
				for _, token := range window.Tokens.Buckets {
					found = append(found, token.Key)
				}
			}
			assert.Contains(t, found, burst)

			var documents int
			scan(t, database, `SELECT count(*) FROM (SELECT file_id FROM events WHERE file_id IS NOT NULL AND source_ip != '' AND kind != 'dns'
				GROUP BY file_id HAVING count(DISTINCT source_ip) > 1)`, &documents)
			assert.Len(t, query["One document from several addresses"]().Aggregations["documents"].Buckets, documents)

			var name string
			var named int
			scan(t, database, `SELECT json_extract(extra, '$.qname'), count(*) FROM events WHERE json_extract(extra, '$.qname') != '' GROUP BY 1 ORDER BY 2 DESC LIMIT 1`, &name, &named)
			assert.Len(t, query["A name that was looked up"]("x.example.org", name).Hits.Hits, named)

			assert.Len(t, query["Events that are not verified"]().Hits.Hits, unverified)
			findings := query["Integrity findings of the last day"]().Hits.Hits
			var kinds []any
			for _, hit := range findings {
				finding := hit.Source["oversight"].(map[string]any)
				kinds = append(kinds, finding["integrity_kind"])
				if finding["integrity_kind"] == "row_mismatch" {
					assert.Equal(t, edited, finding["event_id"])
					assert.Len(t, query["Is this event verified?"]("UID", finding["row_uid"].(string)).Hits.Hits, 2, "the event and the finding")
				}
			}
			assert.ElementsMatch(t, []any{"row_mismatch", "row_unlogged", "leaf_without_row"}, kinds)
			assert.Empty(t, query["Repeats"]().Aggregations["repeats"].Buckets)
		})
	}
}

// The queries of the page for checkpoint records find receivers that send none any more, and
// two collectors that were shown different tree heads of one size.
func TestOpenSearchQueriesOfCheckpointRecords(t *testing.T) {
	sample, err := os.ReadFile(filepath.Join("..", "..", "testdata", "checkpoint-records", "ecs.jsonl"))
	require.NoError(t, err)
	line, _, _ := strings.Cut(string(sample), "\n")
	for _, layout := range layouts {
		t.Run(layout.config, func(t *testing.T) {
			s := newSearchSetup(t, layout, writeRows(t, []row{{}}))
			collector := s.start()
			s.requireStored(stored{whole: 1})
			collector.end() // with a record, which has no head
			now := time.Now().UTC().Truncate(time.Second)
			for _, record := range []struct {
				collector string
				age       time.Duration
				size      int
				root      string
			}{
				{"one", 3 * time.Hour, 7, "aa"}, {"one", 3 * time.Hour, 8, "bb"}, {"two", time.Minute, 8, "bb"}, {"two", time.Minute, 7, "cc"},
			} {
				s.putRecord(line, map[string]any{
					"collector": record.collector, "head_size": record.size, "head_root": strings.Repeat(record.root, 32),
				}, now.Add(-record.age))
			}
			s.node.Refresh(t, layout.indexes)
			query := s.pageQueries(t)

			last := map[any]time.Duration{}
			for _, receiver := range query["Collectors that are silent"]().Aggregations["receivers"].Buckets {
				last[receiver.Key.([]any)[1]] = now.Sub(time.UnixMilli(int64(receiver.Last.Value)))
			}
			require.Len(t, last, 3, "the collector that has run, too")
			assert.Equal(t, 3*time.Hour, last["one"])
			assert.Equal(t, time.Minute, last["two"])

			sizes := query["Different tree heads of one size"]().Aggregations["sizes"].Buckets
			require.Len(t, sizes, 1)
			assert.InDelta(t, 7, sizes[0].Key.([]any)[1], 0)
			assert.Equal(t, 2, sizes[0].Roots.Value)
		})
	}
}

// putRecord stores a checkpoint record with other values below oversight, and another time.
func (s *searchSetup) putRecord(line string, values map[string]any, at time.Time) {
	s.t.Helper()
	var document map[string]any
	require.NoError(s.t, json.Unmarshal([]byte(line), &document))
	document["@timestamp"] = at.Format(time.RFC3339)
	for name, value := range values {
		document["oversight"].(map[string]any)[name] = value
	}
	text, err := json.Marshal(document)
	require.NoError(s.t, err)
	index := "oversight-beacon-" + at.Format("2006.01")
	if s.layout == dataStream {
		index = fmt.Sprintf(s.layout.stream, "checkpoint")
	}
	s.node.Call(s.t, http.MethodPost, "/"+index+"/_doc?op_type=create", string(text), nil)
}

// pageQueries returns the queries of the page by their headings. Each runs with
// replacements, old and new.
func (s *searchSetup) pageQueries(t *testing.T) map[string]func(replacements ...string) searchAnswer {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "opensearch.md"))
	require.NoError(t, err)
	queries := map[string]func(...string) searchAnswer{}
	for _, match := range pageQuery.FindAllStringSubmatch(string(page), -1) {
		queries[match[1]] = func(replacements ...string) searchAnswer {
			body := strings.NewReplacer(replacements...).Replace(match[3])
			var answer searchAnswer
			s.node.Call(t, http.MethodGet, "/"+s.layout.search+"/"+match[2], body, &answer)
			return answer
		}
	}
	require.Len(t, queries, strings.Count(string(page), "\nGET "), "queries of the page")
	return queries
}

// burstEvents is how many events [addBurst] writes.
const burstEvents = 12

// addBurst writes events of one token, minutes ago, without leaves, and returns the
// token.
func addBurst(t *testing.T, database string) (token string) {
	t.Helper()
	inRegistry(t, database, func(tx *sql.Tx) {
		require.NoError(t, tx.QueryRowContext(t.Context(), "SELECT token_id FROM events WHERE file_id IS NOT NULL").Scan(&token))
		for range burstEvents {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp)
				SELECT token_id, file_id, recipient_id, issuer_id, 'http_img', '203.0.113.7', 'burst', '{}', unixepoch() / 300 * 300 - 600 FROM events WHERE token_id = ? LIMIT 1`, token)
			require.NoError(t, err)
		}
	})
	return token
}

// scan reads one row of a registry.
func scan(t *testing.T, database, query string, values ...any) {
	t.Helper()
	inRegistry(t, database, func(tx *sql.Tx) {
		require.NoError(t, tx.QueryRowContext(t.Context(), query).Scan(values...))
	})
}
