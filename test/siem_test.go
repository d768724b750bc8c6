// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// sampleSize is the number of events in registry.sqlite.
const sampleSize = 600

// fastRetries makes receivers and exporters retry at once.
const fastRetries = `
receivers:
  oversight/splunk: &receiver
    poll_interval: 20ms
    batch_size: 50
    retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}
  oversight/elastic: *receiver
  oversight/sentinel: *receiver
  oversight/azuremonitor: *receiver
  oversight/file: *receiver
exporters:
  splunk_hec:
    retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}
  elasticsearch:
    timeout: 1s
    retry: {initial_interval: 20ms, max_interval: 100ms}
  azure_logs_ingestion:
    retry_on_failure: {initial_interval: 20ms, max_interval: 100ms}
`

// notExtended removes the fields that the registry's own exporter does not write.
const notExtended = `
processors:
  oversight_siem/splunk: {extended: false}
  oversight_siem/elastic: {extended: false}
  oversight_siem/sentinel: {extended: false}
  oversight_siem/azuremonitor: {extended: false}
extensions:
  oversight_siem_encoding/ecs: {extended: false}
`

// vectors returns what the registry's own exporter writes for registry.sqlite, by
// event id.
func vectors(t testing.TB, shape string) map[string]map[string]any {
	t.Helper()
	id := map[string]func(map[string]any) any{
		"splunk":   func(d map[string]any) any { return d["event"].(map[string]any)["event_id"] },
		"ecs":      func(d map[string]any) any { return d["event"].(map[string]any)["id"] },
		"sentinel": func(d map[string]any) any { return d["EventId"] },
	}[shape]
	byID := map[string]map[string]any{}
	for _, document := range lines(t, filepath.Join("..", "testdata", "vectors", "registry."+shape+".jsonl")) {
		byID[id(document).(string)] = document
	}
	require.Len(t, byID, sampleSize)
	return byID
}

// lines reads a file with one JSON document on each line. Empty lines are skipped: the
// encoding begins with a line end after a start.
func lines(t testing.TB, path string) []map[string]any {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var documents []map[string]any
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if len(scanner.Bytes()) == 0 {
			continue
		}
		var document map[string]any
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &document), scanner.Text())
		documents = append(documents, document)
	}
	require.NoError(t, scanner.Err())
	return documents
}

// eventStore is a server or a file that events arrive in.
type eventStore interface {
	// byID returns the events by id, and the number of all that have arrived.
	byID() (map[string]map[string]any, int)
}

func waitForSample(t testing.TB, store eventStore, n int) {
	t.Helper()
	eventually(t, func() error {
		if events, _ := store.byID(); len(events) < n {
			return fmt.Errorf("%d of %d have arrived", len(events), n)
		}
		return nil
	})
}

// file is the file that all.yaml writes.
type file struct {
	t    testing.TB
	path string
}

func (f file) byID() (map[string]map[string]any, int) {
	if _, err := os.Stat(f.path); err != nil {
		return nil, 0
	}
	text, err := os.ReadFile(f.path)
	require.NoError(f.t, err)
	byID := map[string]map[string]any{}
	all := 0
	for line := range strings.Lines(string(text)) {
		if line == "\n" { // where a crash might have cut a line
			continue
		}
		var document map[string]any
		if json.Unmarshal([]byte(line), &document) != nil { // still being written
			break
		}
		if isCheckpointRecord(document) {
			continue
		}
		all++
		byID[document["event"].(map[string]any)["id"].(string)] = document
	}
	return byID, all
}

func (s *site) file() file {
	return file{s.t, filepath.Join(s.dir, "state", "ecs.ndjson")}
}

// Each event of the sample arrives everywhere in exactly the shape of the
// registry's own exporter.
func TestShapesArrive(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	collector := s.start("all.yaml", fastRetries, notExtended, s.azure.trust())
	for _, store := range []eventStore{s.hec, s.bulk, s.azure, s.track, s.file()} {
		waitForSample(t, store, sampleSize)
	}
	collector.interrupt()

	for store, shape := range map[eventStore]string{s.hec: "splunk", s.bulk: "ecs", s.azure: "sentinel", s.file(): "ecs"} {
		got, all := store.byID()
		assert.Equal(t, sampleSize, all, "no duplicates")
		for id, want := range vectors(t, shape) {
			require.JSONEq(t, asJSON(t, want), asJSON(t, got[id]))
		}
	}
	for id, index := range s.bulk.index {
		require.Equal(t, "logs-oversight.beacon-default", index)
		require.Regexp(t, "^[0-9a-f]{32}$", id)
	}
	envelopes, all := s.track.byID()
	assert.Equal(t, sampleSize, all)
	for id, want := range vectors(t, "sentinel") {
		checkCustomEvent(t, want, envelopes[id])
	}
}

// checkCustomEvent compares a row with a custom event, all of whose properties
// are strings.
func checkCustomEvent(t *testing.T, row, envelope map[string]any) {
	t.Helper()
	require.Equal(t, row["TimeGenerated"], envelope["time"])
	data := envelope["data"].(map[string]any)
	require.Equal(t, "EventData", data["baseType"])
	base := data["baseData"].(map[string]any)
	require.Equal(t, "OversightBeacon", base["name"])
	want := map[string]any{"microsoft.custom_event.name": "OversightBeacon"}
	for column, value := range row {
		if number, ok := value.(float64); ok {
			value = strconv.FormatFloat(number, 'f', -1, 64)
		}
		want[column] = value
	}
	require.Equal(t, want, base["properties"])
}

// The unchanged configuration adds fields to the shapes and changes none.
func TestExtendedShapesArrive(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	collector := s.start("all.yaml", fastRetries, s.azure.trust())
	for _, store := range []eventStore{s.hec, s.bulk, s.azure, s.track, s.file()} {
		waitForSample(t, store, sampleSize)
	}
	collector.interrupt()
	for store, shape := range map[eventStore]string{s.hec: "splunk", s.bulk: "ecs", s.azure: "sentinel", s.file(): "ecs"} {
		got, _ := store.byID()
		for id, want := range vectors(t, shape) {
			requireContains(t, got[id], want)
		}
	}
}

// requireContains fails unless got has every field of want, with the same value.
func requireContains(t *testing.T, got, want map[string]any) {
	t.Helper()
	for key, value := range want {
		if object, ok := value.(map[string]any); ok && key != "extra" {
			inner, ok := got[key].(map[string]any)
			require.True(t, ok, key)
			requireContains(t, inner, object)
			continue
		}
		require.Equal(t, value, got[key], key)
	}
}

// A failing destination loses nothing and disturbs no other.
func TestFailingDestination(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request){
		"429":                  status(http.StatusTooManyRequests),
		"429 with Retry-After": status(http.StatusTooManyRequests, "Retry-After", "1"),
		"503":                  status(http.StatusServiceUnavailable),
		"502":                  status(http.StatusBadGateway),
		"connection closed":    closeHalfway,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "registry.sqlite")
			failing := []*destination{s.hec.destination, s.bulk.destination, s.azure.destination}
			for _, d := range failing {
				d.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool { fail(w, r); return true })
			}
			collector := s.start("all.yaml", fastRetries, notExtended, s.azure.trust())
			waitForSample(t, s.track, sampleSize)
			waitForSample(t, s.file(), sampleSize)
			eventually(t, func() error {
				return errorIf(!s.hec.hasRequests(3) || !s.bulk.hasRequests(3) || !s.azure.hasRequests(3), "fewer than three requests")
			})
			for _, d := range failing {
				d.setFault(func(request int, w http.ResponseWriter, r *http.Request) bool {
					if request%3 == 0 {
						fail(w, r)
					}
					return request%3 == 0
				})
			}
			requireNothingLost(t, s)
			collector.interrupt()
			requireNoDuplicates(t, s)
		})
	}
}

// The destinations are down for a minute, which is longer than all timeouts of the
// exporters. It runs in parallel with another long test.
func TestDestinationDownForAMinute(t *testing.T) {
	t.Parallel()
	s := newSite(t, "registry.sqlite")
	failing := []*destination{s.hec.destination, s.bulk.destination, s.azure.destination}
	for _, d := range failing {
		d.down()
	}
	minute := time.After(time.Minute)
	collector := s.start("all.yaml", fastRetries, notExtended, s.azure.trust())
	waitForSample(t, s.track, sampleSize)
	waitForSample(t, s.file(), sampleSize)
	collector.waitForOutputs("nothing is dropped", 3)
	<-minute
	for _, d := range failing {
		d.up()
	}
	requireNothingLost(t, s)
	collector.interrupt()
	requireNoDuplicates(t, s)
}

// requireNothingLost waits until all events have arrived, each in its shape.
func requireNothingLost(t *testing.T, s *site) {
	for store, shape := range map[eventStore]string{s.hec: "splunk", s.bulk: "ecs", s.azure: "sentinel"} {
		waitForSample(t, store, sampleSize)
		got, _ := store.byID()
		for id, want := range vectors(t, shape) {
			require.JSONEq(t, asJSON(t, want), asJSON(t, got[id]))
		}
	}
}

func requireNoDuplicates(t *testing.T, s *site) {
	_, created := s.bulk.byID()
	assert.Equal(t, sampleSize, created, "no duplicates in Elasticsearch")
	_, written := s.file().byID()
	assert.Equal(t, sampleSize, written, "no duplicates in the file")
}

func (d *destination) hasRequests(n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests >= n
}

func errorIf(condition bool, text string) error {
	if condition {
		return fmt.Errorf("%s", text)
	}
	return nil
}

// Elasticsearch answers 200 and rejects some documents with 429, more often than
// the exporter retries by default.
func TestRejectedDocuments(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	s.bulk.refuseItem = func(int) int {
		if s.bulk.requestCount() <= 8 {
			return http.StatusTooManyRequests
		}
		return 0
	}
	collector := s.start("elastic.yaml", "receivers: {oversight/elastic: {poll_interval: 20ms, retry_on_failure: {initial_interval: 5ms, max_interval: 20ms}}}")
	waitForSample(t, s.bulk, sampleSize)
	collector.interrupt()
	_, created := s.bulk.byID()
	assert.Equal(t, sampleSize, created)
}

// An event that is sent twice causes a conflict, and no second document.
func TestRepeatsInElasticsearch(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	for round := range 2 {
		collector := s.start("elastic.yaml")
		eventually(t, func() error { return errorIf(s.bulk.seen() < (round+1)*sampleSize, "not all have arrived") })
		collector.interrupt()
		assert.NotContains(t, collector.Output.String(), "failed to index document")
		require.NoError(t, os.RemoveAll(filepath.Join(s.dir, "state"))) // the checkpoint is lost
	}
	_, created := s.bulk.byID()
	assert.Equal(t, sampleSize, created)
	assert.Equal(t, sampleSize, s.bulk.conflicts)
}

func (b *bulk) seen() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.items
}

// Until the role is assigned, which can take 30 minutes, nothing is lost.
func TestSentinelBeforeTheRoleIsAssigned(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	s.azure.setFault(func(request int, w http.ResponseWriter, _ *http.Request) bool {
		if request <= 5 {
			w.WriteHeader(http.StatusForbidden)
		}
		return request <= 5
	})
	collector := s.run(nil, "sentinel.yaml", s.azure.trust())
	waitForSample(t, s.azure, sampleSize)
	collector.waitForOutput("Monitoring Metrics Publisher")
	collector.interrupt()
	got, all := s.azure.byID()
	assert.Equal(t, sampleSize, all)
	for id, want := range vectors(t, "sentinel") {
		requireContains(t, got[id], want)
		require.Regexp(t, "^[0-9a-f]{32}$", got[id]["EventUid"])
		require.Equal(t, want["TimeGenerated"], got[id]["OccurredAt"])
	}
}

func TestFiles(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	collector := s.start("files.yaml", `
extensions:
  oversight_siem_encoding/splunk: {extended: false}
  oversight_siem_encoding/ecs: {extended: false}
  oversight_siem_encoding/sentinel: {extended: false}
`)
	for _, shape := range []string{"splunk", "ecs", "sentinel"} {
		path := filepath.Join(s.dir, "state", shape+".ndjson")
		eventually(t, func() error {
			text, err := os.ReadFile(path)
			if n := strings.Count(string(text), "}\n"); err == nil && n < sampleSize {
				err = fmt.Errorf("%d lines", n)
			}
			return err
		})
		got := lines(t, path)
		require.Len(t, got, sampleSize)
		for i, want := range lines(t, filepath.Join("..", "testdata", "vectors", "registry."+shape+".jsonl")) {
			if shape == "splunk" || !hasNoTime(want) {
				require.JSONEq(t, asJSON(t, want), asJSON(t, got[i]))
			}
		}
	}
	collector.interrupt()
}

// hasNoTime reports whether a row has no valid timestamp. In a pipeline such a row
// has the time of reading.
func hasNoTime(document map[string]any) bool {
	return document["@timestamp"] == nil && document["TimeGenerated"] == nil
}

func TestEnrich(t *testing.T) {
	s := newSite(t, "registry.sqlite")
	db, err := sql.Open("sqlite", s.databases[0])
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE events SET user_agent = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' WHERE id % 60 = 0")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	want := map[string]string{} // country by event id
	for id, document := range vectors(t, "ecs") {
		source, _ := document["source"].(map[string]any)
		ip, _ := source["ip"].(string)
		number, err := strconv.Atoi(id)
		require.NoError(t, err)
		switch {
		case number%60 == 0: // a crawler
		case strings.HasPrefix(ip, "198.51.100."):
			want[id] = "DE"
		case strings.HasPrefix(ip, "203.0.113."):
			want[id] = "JP"
		default:
			want[id] = ""
		}
	}
	require.Len(t, want, sampleSize*59/60)
	require.Contains(t, slices.Collect(maps.Values(want)), "")
	collector := s.start("enrich.yaml")
	waitForSample(t, s.bulk, len(want))
	collector.interrupt()
	got, _ := s.bulk.byID()
	require.Len(t, got, len(want))
	for id, country := range want {
		source, _ := got[id]["source"].(map[string]any)
		geo, _ := source["geo"].(map[string]any)
		if country == "" {
			require.Empty(t, geo, id)
		} else {
			require.Equal(t, country, geo["country_iso_code"], id)
			require.Equal(t, map[string]any{"lat": 52.5, "lon": 13.25}, geo["location"])
		}
		if agent, ok := got[id]["user_agent"].(map[string]any); ok {
			require.Equal(t, "****", agent["original"])
		}
	}
}

func TestRouting(t *testing.T) {
	s := newSite(t, "registry.sqlite", "edge.sqlite")
	collector := s.start("routing.yaml", `
receivers:
  oversight/first: {poll_interval: 20ms}
  oversight/second: {poll_interval: 20ms}
connectors:
  routing:
    table:
      - context: log
        condition: attributes["oversight.beacon.kind"] == "license"
        pipelines: [logs/license]
      - context: log
        condition: attributes["oversight.issuer.id"] == "issuer-legal"
        pipelines: [logs/legal]
      - context: resource
        condition: attributes["oversight.registry.id"] == "`+registryIDs["edge.sqlite"]+`"
        pipelines: [logs/second]
`)
	// The number of events by destination.
	want := map[string]int{}
	for _, document := range append(lines(t, filepath.Join("..", "testdata", "vectors", "registry.splunk.jsonl")),
		lines(t, filepath.Join("..", "testdata", "vectors", "edge.splunk.jsonl"))...) {
		event := document["event"].(map[string]any)
		switch {
		case event["kind"] == "license":
			want["oversight_license"]++
		case event["issuer_id"] == "issuer-legal":
			want["oversight_legal"]++
		case event["registry_id"] == registryIDs["edge.sqlite"]:
			want["elasticsearch"]++
		default:
			want[""]++
		}
	}
	require.Len(t, want, 4)
	eventually(t, func() error {
		got := map[string]int{}
		for _, event := range s.hec.all() {
			index, _ := event["index"].(string)
			got[index]++
		}
		_, got["elasticsearch"] = s.bulk.byID()
		if !maps.Equal(want, got) {
			return fmt.Errorf("want %v, got %v", want, got)
		}
		return nil
	})
	collector.interrupt()
}

func (h *hec) all() []map[string]any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// The encoding writes one message for each batch, the processor with
// `encoding: raw` one for each event.
func TestLinesInKafka(t *testing.T) {
	for name, changes := range map[string]string{
		"one message for each batch": `
extensions: {oversight_siem_encoding: {format: ecs, extended: false}}
exporters: {kafka: {logs: {encoding: oversight_siem_encoding}}}
service: {extensions: [file_storage, health_check, oversight_siem_encoding]}
`,
		"one message for each event": `
processors: {oversight_siem: {format: ecs, extended: false}}
exporters: {kafka: {logs: {encoding: raw}}}
service: {pipelines: {logs/kafka: {processors: [oversight_siem]}}}
`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "registry.sqlite")
			s.startKafka()
			agent := s.start("gateway/agent.yaml", changes)
			client, err := kgo.NewClient(kgo.SeedBrokers(s.kafka), kgo.ConsumeTopics("oversight"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			require.NoError(t, err)
			defer client.Close()
			want, got := vectors(t, "ecs"), map[string]bool{}
			messages := 0
			for len(got) < sampleSize {
				fetches := client.PollFetches(t.Context())
				require.NoError(t, fetches.Err())
				for _, record := range fetches.Records() {
					messages++
					for line := range strings.Lines(string(record.Value)) {
						if line == "\n" {
							continue
						}
						var document map[string]any
						require.NoError(t, json.Unmarshal([]byte(line), &document))
						id := document["event"].(map[string]any)["id"].(string)
						require.JSONEq(t, asJSON(t, want[id]), line)
						got[id] = true
					}
				}
			}
			assert.Equal(t, name == "one message for each event", messages == sampleSize)
			agent.interrupt()
		})
	}
}
