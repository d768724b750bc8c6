// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

// searchLayout is how events are stored: one of the two configurations.
type searchLayout struct {
	config string
	// template is the file of the index template, and name what the page calls it.
	template, name string
	// indexes are all indexes or data streams, search is what searches name.
	indexes, search string
	// stream is the name of the data stream of a dataset, with %s for it; "" without data
	// streams.
	stream string
}

var (
	dataStream = searchLayout{
		"opensearch.yaml", "data-stream.json", "logs-oversight.beacon", "logs-oversight.*", "logs-oversight.*-default", "logs-oversight.%s-default",
	}
	monthly = searchLayout{"opensearch-monthly.yaml", "monthly.json", "oversight-beacon", "oversight-beacon-*", "oversight-beacon", ""}
	layouts = []searchLayout{dataStream, monthly}
)

// searchSetup is a collector's surroundings: a registry, and a node without events.
type searchSetup struct {
	t        testing.TB
	node     *opensearch.Node
	layout   searchLayout
	database string
	dir      string // for the collector's state
	endpoint string // of the node, or of a proxy in front of it
}

// newSearchSetup removes all that earlier tests have stored, and puts the templates of
// the page. Tests with it are not parallel to each other.
func newSearchSetup(t testing.TB, layout searchLayout, database string) *searchSetup {
	t.Helper()
	n := node(t)
	s := &searchSetup{t: t, node: n, layout: layout, database: database, dir: t.TempDir(), endpoint: n.URL()}
	n.PutSettings(t, `{"*":null}`)
	n.Call(t, http.MethodDelete, "/_data_stream/logs-oversight.*", "", nil)
	var indexes []struct{ Index string }
	n.Call(t, http.MethodGet, "/_cat/indices/oversight-beacon-*?format=json", "", &indexes)
	for _, index := range indexes {
		n.Call(t, http.MethodDelete, "/"+index.Index, "", nil)
	}
	n.Call(t, http.MethodPut, "/_component_template/oversight-beacon", s.content("mappings.json"), nil)
	for _, each := range layouts {
		n.PutTemplate(t, each.name, s.content(each.template))
	}
	return s
}

// content returns a file of content/opensearch.
func (s *searchSetup) content(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "content", "opensearch", name))
	require.NoError(s.t, err)
	return string(text)
}

// changeTemplate adds settings and mappings, in JSON, to the layout's template, for
// indexes that are created from now on. The returned function takes them back.
func (s *searchSetup) changeTemplate(change string) (restore func()) {
	s.t.Helper()
	var template map[string]any
	require.NoError(s.t, json.Unmarshal([]byte(s.content(s.layout.template)), &template))
	template["composed_of"] = []string{"oversight-beacon", "test-change"}
	s.node.Call(s.t, http.MethodPut, "/_component_template/test-change", `{"template":`+change+`}`, nil)
	text, err := json.Marshal(template)
	require.NoError(s.t, err)
	s.node.PutTemplate(s.t, s.layout.name, string(text))
	return func() { s.node.PutTemplate(s.t, s.layout.name, s.content(s.layout.template)) }
}

// changeCluster changes a setting of the cluster until the returned function is called.
func (s *searchSetup) changeCluster(setting, value string) (restore func()) {
	s.t.Helper()
	s.node.PutSettings(s.t, fmt.Sprintf(`{%q:%q}`, setting, value))
	return func() { s.node.PutSettings(s.t, fmt.Sprintf(`{%q:null}`, setting)) }
}

// start starts the collector with the layout's configuration, made quick, and changes
// to it.
func (s *searchSetup) start(changes ...string) *searchCollector {
	s.t.Helper()
	_, metricsPort, err := net.SplitHostPort(freeAddress(s.t))
	require.NoError(s.t, err)
	env := []string{
		"OVERSIGHT_DATABASE=" + s.database,
		"OVERSIGHT_REGISTRY_ID=" + strings.Repeat("deadbeef", 8),
		"OVERSIGHT_STATE=" + s.dir,
		"OPENSEARCH_ENDPOINT=" + s.endpoint,
		"OPENSEARCH_USER=oversight",
		"OPENSEARCH_PASSWORD=" + searchPassword,
		"HEALTH_ENDPOINT=" + freeAddress(s.t),
		"METRICS_PORT=" + metricsPort,
	}
	quick := `
receivers: {oversight/opensearch: {poll_interval: 20ms, retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}}}
exporters: {elasticsearch: {timeout: 10s}}
extensions: {health_check: {component_health: {recovery_duration: 1s}}}
`
	return &searchCollector{startCollector(s.t, s.layout.config, append([]string{quick}, changes...), env...)}
}

const searchPassword = "correct horse"

// searchCollector is a collector that sends to OpenSearch.
type searchCollector struct{ *collector }

// end ends it, which has to be quick.
func (c *searchCollector) end() {
	c.T.Helper()
	c.requireLogged("Everything is ready. Begin running and processing data.")
	c.Terminate(10 * time.Second)
}

func (c *searchCollector) requireLogged(texts ...string) {
	c.T.Helper()
	eventually(c.T, func() error {
		for _, text := range texts {
			if !strings.Contains(c.log(), text) {
				return fmt.Errorf("the log has no %q", text)
			}
		}
		return nil
	})
}

// requireHealth waits until the health check answers with a status, and says why.
func (c *searchCollector) requireHealth(want int, words ...string) {
	c.T.Helper()
	eventually(c.T, func() error {
		if status, body := c.health(); status != want || !collectortest.ContainsAll(body, words) {
			return fmt.Errorf("/health answers %d, want %d with %q: %s", status, want, words, body)
		}
		return nil
	})
}

// requireMetric waits until a metric of the receiver has a value.
func (c *searchCollector) requireMetric(name string, want float64) {
	c.T.Helper()
	name = "otelcol_oversight_receiver_" + name
	eventually(c.T, func() error {
		if sum, series := c.metric(name); series == 0 || sum != want {
			return fmt.Errorf("%s is %v, of %d series; want %v", name, sum, series, want)
		}
		return nil
	})
}

// row is what a test chooses of a row of the registry.
type row struct {
	agent, extra string
	time         int64 // seconds since 1970; default 2026-01-01
}

const searchTable = `CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT,
	issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER NOT NULL, qualified_timestamp TEXT,
	tlog_index INTEGER)`

// writeRows writes a registry with rows, whose ids are 1, 2, …
func writeRows(t testing.TB, rows []row) (database string) {
	t.Helper()
	database = filepath.Join(t.TempDir(), "registry.sqlite")
	inRegistry(t, database, func(tx *sql.Tx) {
		_, err := tx.ExecContext(t.Context(), searchTable)
		require.NoError(t, err)
		insertRows(t, tx, rows)
	})
	return database
}

// appendSearchRows writes n further rows.
func appendSearchRows(t testing.TB, database string, n int) {
	t.Helper()
	inRegistry(t, database, func(tx *sql.Tx) { insertRows(t, tx, agentRows(n, strconv.Itoa)) })
}

func inRegistry(t testing.TB, database string, write func(tx *sql.Tx)) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	write(tx)
	require.NoError(t, tx.Commit())
	require.NoError(t, db.Close())
}

func insertRows(t testing.TB, tx *sql.Tx, rows []row) {
	t.Helper()
	for i, r := range rows {
		if r.time == 0 {
			r.time = 1767225600 + int64(i)
		}
		_, err := tx.ExecContext(t.Context(), `INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp)
			VALUES (?, 'file', 'alice@corp.example', 'issuer', 'dns', '203.0.113.7', ?, ?, ?)`, fmt.Sprintf("%032x", i), r.agent, r.extra, r.time)
		require.NoError(t, err)
	}
}

// agentRows returns n rows, the user agent of each by its number from 1.
func agentRows(n int, agent func(i int) string) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i].agent = agent(i + 1)
	}
	return rows
}

// stored is what the node has.
type stored struct {
	whole, reduced int // different events
	repeated       int // documents of a uid that another document has
}

func (s stored) String() string {
	return fmt.Sprintf("%d whole, %d reduced, %d repeated", s.whole, s.reduced, s.repeated)
}

// stored counts the events that the node has. Findings are left out.
func (s *searchSetup) stored() stored {
	s.t.Helper()
	result, err := s.count()
	require.NoError(s.t, err)
	return result
}

// count is stored for a node that may not be ready: that is an error.
func (s *searchSetup) count() (stored, error) {
	s.t.Helper()
	s.node.Do(s.t, http.MethodPost, "/"+s.layout.indexes+"/_refresh", "")
	var answer struct {
		Hits struct {
			Total struct{ Value int }
		}
		Aggregations struct {
			Reduced struct {
				Documents int `json:"doc_count"`
			}
			Repeats struct {
				Buckets []struct {
					Documents int `json:"doc_count"`
				}
			}
		}
	}
	response := s.node.Do(s.t, http.MethodPost, "/"+s.layout.indexes+"/_search", `{
		"size": 0, "track_total_hits": true, "query": {"term": {"event.kind": "event"}}, "aggs": {
			"reduced": {"filter": {"exists": {"field": "oversight.reduced"}}},
			"repeats": {"terms": {"field": "event.hash", "min_doc_count": 2, "size": 60000}}
		}}`)
	if response.Status != http.StatusOK { // a shard that is just created, or recovers
		return stored{}, fmt.Errorf("status %d: %s", response.Status, response.Body)
	}
	if err := json.Unmarshal(response.Body, &answer); err != nil {
		return stored{}, err
	}
	result := stored{whole: answer.Hits.Total.Value, reduced: answer.Aggregations.Reduced.Documents}
	for _, uid := range answer.Aggregations.Repeats.Buckets {
		result.repeated += uid.Documents - 1
	}
	result.whole -= result.reduced + result.repeated
	return result, nil
}

// requireStored waits until the node has exactly that; while it goes on storing, longer
// than other conditions. It does not look often: each look makes the node write a
// segment.
func (s *searchSetup) requireStored(want stored) {
	s.t.Helper()
	var last stored
	deadline, latest := time.Now().Add(waitTimeout), time.Now().Add(3*waitTimeout)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := s.count()
		if err == nil && got == want {
			return
		}
		if err == nil && got != last {
			last, deadline = got, time.Now().Add(waitTimeout)
		}
		if now := time.Now(); now.After(deadline) || now.After(latest) {
			require.NoError(s.t, err)
			require.Equal(s.t, want, got, "what the node has")
		}
		<-tick.C
	}
}
