// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What appears after a first start with `start_at: end` is delivered, though the
// database was not there.
func TestFaultStartAtEndWithoutDatabase(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	s := newFaultSite(t, database)
	collector := s.run(nil, "splunk.yaml", "receivers: {oversight/splunk: {start_at: end}}")
	collector.waitForOutput("oversightreceiver/")
	collector.waitForOutput(collector.ready)
	collector.interrupt()
	require.NoError(t, os.Rename(ordinaryRegistry(t), database))
	collector = s.run(nil, "splunk.yaml", "receivers: {oversight/splunk: {start_at: end}}")
	requireArrived(t, s.hec, ordinary)
	collector.interrupt()
}

// Ids of type text are delivered once each, or named in an error: no flood, no
// silence.
func TestFaultTextIDs(t *testing.T) {
	const rows = 2500
	for name, insert := range map[string]string{
		"all": "SELECT CAST(id AS TEXT), token_id, kind, timestamp FROM events",
		"one": "SELECT CASE WHEN id = 7 THEN CAST(id AS TEXT) ELSE id END, token_id, kind, timestamp FROM events",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := writeRegistry(t, beacons(rows, func(int) string { return "Mozilla/5.0" }))
			db := openRegistry(t, database)
			for _, statement := range []string{
				"CREATE TABLE copied (id, token_id TEXT, file_id TEXT, recipient_id TEXT, issuer_id TEXT, kind TEXT, source_ip TEXT, user_agent TEXT, extra TEXT, timestamp INTEGER, qualified_timestamp TEXT, tlog_index INTEGER)",
				"INSERT INTO copied (id, token_id, kind, timestamp) " + insert, "DROP TABLE events", "ALTER TABLE copied RENAME TO events",
			} {
				_, err := db.ExecContext(t.Context(), statement)
				require.NoError(t, err)
			}
			require.NoError(t, db.Close())
			s := newFaultSite(t, database)
			collector := s.run(nil, "splunk.yaml")
			eventuallyWithin(t, faultTimeout, func() error {
				if r := compare(s.hec.arrivals(), rows); len(r.missing) > 0 && !complains(collector, "id") {
					return fmt.Errorf("of %d events: %s, and no line says why", rows, r)
				}
				return nil
			})
			polls, _ := collector.metric(metricPrefix+"poll_duration_count", "")
			for range 3 { // polls that would repeat
				touch(t, database)
				collector.requireMetric(metricPrefix+"poll_duration_count", "", func(v float64) bool { return v > polls })
				polls, _ = collector.metric(metricPrefix+"poll_duration_count", "")
			}
			r := compare(s.hec.arrivals(), rows)
			t.Logf("of %d events: %s in %d requests", rows, r, s.hec.requestCount())
			assert.Zero(t, r.repeated)
			collector.interrupt()
		})
	}
}

// touch changes the database, so that it is read again.
func touch(t testing.TB, database string) {
	t.Helper()
	db := openRegistry(t, database)
	_, err := db.ExecContext(t.Context(), "PRAGMA user_version = "+strconv.Itoa(rand.IntN(1<<30)))
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func (d *destination) requestCount() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// complains reports whether the receiver has logged a warning or an error with a
// text.
func complains(p *process, text string) bool {
	for line := range strings.Lines(p.Output.String()) {
		if (strings.Contains(line, "\twarn\t") || strings.Contains(line, "\terror\t")) && strings.Contains(line, "oversightreceiver/") && strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// flattened refuses what Elasticsearch's field type `flattened` refuses
// (FlattenedFieldParser: a key must not contain the reserved separator \0; Lucene: a
// term is at most 32,766 bytes, which here is the key, a separator and the value).
func flattened(prefix string, object map[string]any) *itemError {
	for key, value := range object {
		path := strings.TrimPrefix(prefix+"."+key, ".")
		if strings.Contains(key, "\x00") {
			return &itemError{
				http.StatusBadRequest, "document_parsing_exception",
				"Do not include the null character [\\0] in keys: it is reserved",
			}
		}
		switch v := value.(type) {
		case map[string]any:
			if err := flattened(path, v); err != nil {
				return err
			}
		case string:
			if len(path)+1+len(v) > 32_766 {
				return &itemError{
					http.StatusBadRequest, "illegal_argument_exception",
					"Flattened field [oversight.extra] contains one immense field whose keyed encoding is longer than the allowed max length of 32766 bytes",
				}
			}
		}
	}
	return nil
}

// Whatever a stranger puts into `extra`, the document is accepted at once.
func TestFaultExtraInElasticsearch(t *testing.T) {
	t.Parallel()
	extras := []string{
		`{"a\u0000b":"c"}`, `{"\u0000":{"\u0000":"c"}}`, `{"":"empty"}`, `{"a.b":"1","a_b":"2"}`, `{"a[b]":"c"}`,
		`{"a":"` + strings.Repeat("v", 33_000) + `"}`, `{"` + strings.Repeat("k", 33_000) + `":"v"}`,
		`{"a":{"` + strings.Repeat("k", 20_000) + `":"` + strings.Repeat("v", 15_000) + `"}}`,
		`{"a":"` + strings.Repeat("\u00e9", 16_384) + `"}`, strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100),
		`{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, `{"\ud800":"a","\udfff":"b"}`, `{"n":1e999}`, `[1,2]`, `"text"`, `{"qname":{"a":1}}`, `no JSON`,
	}
	rows := make([]beacon, len(extras))
	for i, extra := range extras {
		rows[i] = beacon{kind: "dns", extra: extra}
	}
	s := newFaultSite(t, writeRegistry(t, rows))
	s.bulk.refuseDocument = func(document map[string]any) *itemError {
		oversight, _ := document["oversight"].(map[string]any)
		extra, _ := oversight["extra"].(map[string]any)
		if labels, _ := document["labels"].(map[string]any); labels[""] != nil {
			return &itemError{http.StatusBadRequest, "document_parsing_exception", "field name cannot be an empty string"}
		}
		return flattened("", extra)
	}
	collector := s.run(nil, "elastic.yaml")
	requireArrived(t, s.bulk, len(rows))
	collector.interrupt()
}

// A row without a time, which a data stream refuses, is named by the one-shot
// export, and later rows arrive.
func TestFaultBulkExportOfARowWithoutTime(t *testing.T) {
	t.Parallel()
	const rows, timeless = 10, 5
	database := writeRegistry(t, beacons(rows, func(int) string { return "Mozilla/5.0" }))
	db := openRegistry(t, database)
	_, err := db.ExecContext(t.Context(), "UPDATE events SET timestamp = 'unknown' WHERE id = ?", timeless)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	s := newFaultSite(t, database)
	export := exec.Command(filepath.Join(filepath.Dir(collectorBinary), "oversight-siem"), "export", "--db", database, "--registry-id", "deadbeef",
		"--format", "ecs", "--batch-size", "2", "--output", s.bulk.url+"/logs-oversight.beacon-default/_bulk", "--header", "Authorization: ApiKey "+apiKey)
	output, err := export.CombinedOutput()
	t.Logf("%v: %s", err, output)
	r := compare(s.bulk.arrivals(), rows)
	if err == nil {
		assert.Empty(t, r.missing)
		return
	}
	assert.Equal(t, []int{timeless}, r.missing)
	assert.Regexp(t, `\b5\b`, string(output))
	assert.NotContains(t, string(output), "--after-id 0")
}
