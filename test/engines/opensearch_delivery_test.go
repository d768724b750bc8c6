// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Unusual rows are stored as the vectors say, by both configurations, and a second
// delivery of all of them stores nothing.
func TestOpenSearchStoresEdgeRows(t *testing.T) {
	const rows = 15
	for _, layout := range layouts {
		t.Run(layout.config, func(t *testing.T) {
			s := newSearchSetup(t, layout, filepath.Join("..", "..", "testdata", "edge.sqlite"))
			for range 2 {
				s.dir = t.TempDir() // without a checkpoint
				collector := s.start()
				collector.requireMetric("lag", 0)
				collector.end()
			}
			s.requireStored(stored{whole: rows})

			documents := map[string]map[string]any{}
			for _, hit := range s.node.All(t, layout.indexes) {
				var document map[string]any
				require.NoError(t, json.Unmarshal(hit.Source, &document))
				event := document["event"].(map[string]any)
				assert.Equal(t, event["hash"], hit.ID)
				documents[event["id"].(string)] = document
			}
			text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "vectors", "edge.ecs.jsonl"))
			require.NoError(t, err)
			compared := 0
			for line := range strings.Lines(string(text)) {
				var want map[string]any
				require.NoError(t, json.Unmarshal([]byte(line), &want))
				id := want["event"].(map[string]any)["id"].(string)
				requireContains(t, documents[id], want)
				compared++
			}
			require.Equal(t, rows, compared)
		})
	}
}

// requireContains checks that a document has all fields of another. An object
// `extra` has to be the same.
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

// Events go to the month of their own time, whenever they arrive. Times that are
// missing or far away make no index of their own.
func TestOpenSearchMonths(t *testing.T) {
	const january, endOfJanuary, march = 1767225600, 1769903999, 1772323200
	s := newSearchSetup(t, monthly, writeRows(t, []row{
		{time: march}, {time: january}, {time: endOfJanuary}, {time: endOfJanuary + 1}, {time: 1}, {time: 4102444800}, {time: 9214646400}, {time: -1},
	}))
	collector := s.start()
	s.requireStored(stored{whole: 8})
	collector.end()
	got := map[string]int{}
	records := 0
	for _, hit := range s.node.All(t, monthly.indexes) {
		var document struct{ Event struct{ Dataset string } }
		require.NoError(t, json.Unmarshal(hit.Source, &document))
		if document.Event.Dataset == "oversight.checkpoint" {
			records++
			continue
		}
		got[hit.Index]++
	}
	assert.Equal(t, 1, records, "the checkpoint record of the shutdown")
	assert.Equal(t, map[string]int{
		"oversight-beacon-2026.01": 2, "oversight-beacon-2026.02": 1, "oversight-beacon-2026.03": 1, "oversight-beacon-other": 4,
	}, got)
	assert.Equal(t, 8+records, s.node.Count(t, monthly.search, ""), "the alias is all of them")
}

// Many events, and what is found about a registry that somebody has edited, are
// stored once.
func TestOpenSearchStoresManyEventsOnce(t *testing.T) {
	for layout, rows := range map[searchLayout]int{monthly: 50_000, dataStream: 5_000} {
		t.Run(layout.config, func(t *testing.T) {
			s := newSearchSetup(t, layout, generateRegistry(t, rows, "--seed", "12", "--tamper", "row-edited", "--tamper-at", "20"))
			collector := s.start(verified(s.database))
			s.requireStored(stored{whole: rows})
			requireFindings(s, 2) // the row, and its leaf without a row that agrees
			collector.end()
			assert.Equal(t, 1+1, s.node.Count(t, layout.indexes, `{"term":{"oversight.tlog_status":"mismatch"}}`), "the event and the finding")
			assert.Equal(t, rows-1, s.node.Count(t, layout.indexes, `{"term":{"oversight.tlog_status":"verified"}}`))
			if layout == dataStream {
				assert.Equal(t, map[string]int{"beacon": rows, "integrity": 2, "checkpoint": 1}, s.streams())
			}
		})
	}
}

// streams returns how many documents each data stream of the layout has, by the part of
// its name that differs. Each has only documents of that dataset.
func (s *searchSetup) streams() map[string]int {
	s.t.Helper()
	var answer struct {
		Streams []struct{ Name string } `json:"data_streams"`
	}
	s.node.Call(s.t, http.MethodGet, "/_data_stream/"+s.layout.indexes, "", &answer)
	documents := map[string]int{}
	for _, stream := range answer.Streams {
		dataset := strings.TrimSuffix(strings.TrimPrefix(stream.Name, "logs-oversight."), "-default")
		documents[dataset] = s.node.Count(s.t, stream.Name, `{"term":{"event.dataset":"oversight.`+dataset+`"}}`)
		require.Equal(s.t, documents[dataset], s.node.Count(s.t, stream.Name, ""), stream.Name)
	}
	return documents
}

// requireFindings waits until the node has that many findings.
func requireFindings(s *searchSetup, want int) {
	s.t.Helper()
	eventually(s.t, func() error {
		if got := s.node.Count(s.t, s.layout.indexes, `{"term":{"event.dataset":"oversight.integrity"}}`); got != want {
			return fmt.Errorf("%d findings, want %d", got, want)
		}
		return nil
	})
}

// verified turns the comparison with the transparency log beside a database on.
func verified(database string) string {
	return "receivers: {oversight/opensearch: {transparency_log: {leaves: " + filepath.Join(filepath.Dir(database), "tlog", "leaves.jsonl") + ", grace: 1s}}}"
}

// generateRegistry writes a registry with its log.
func generateRegistry(t testing.TB, rows int, arguments ...string) (database string) {
	t.Helper()
	database = filepath.Join(t.TempDir(), "registry.sqlite")
	arguments = append([]string{"--db", database, "--count", fmt.Sprint(rows), "--bulk"}, arguments...)
	output, err := exec.Command(filepath.Join(filepath.Dir(collectorBinary), "oversightgen"), arguments...).CombinedOutput()
	require.NoError(t, err, string(output))
	return database
}

// Whatever callers put into `extra`, the event is stored whole: the template refuses
// nothing that the translator lets through.
func TestOpenSearchRefusesNoExtra(t *testing.T) {
	const seed, rows = 12, 1000
	random := rand.New(rand.NewPCG(seed, 0))
	events := make([]row, rows)
	for i := range events {
		events[i].extra = randomExtra(random)
	}
	s := newSearchSetup(t, monthly, writeRows(t, events))
	collector := s.start()
	s.requireStored(stored{whole: rows})
	collector.requireMetric("events_refused", 0)
	collector.end()
	var mapping map[string]struct{ Mappings json.RawMessage }
	s.node.Call(t, http.MethodGet, "/"+monthly.indexes+"/_mapping/field/oversight.extra*", "", &mapping)
	for index, fields := range mapping {
		assert.JSONEq(t, `{"oversight.extra":{"full_name":"oversight.extra","mapping":{"extra":{"type":"flat_object"}}}}`, string(fields.Mappings), index)
	}
	assert.NotEmpty(t, mapping)
}

// randomExtra returns what a caller may send: mostly JSON objects, with keys and
// values that are special to a search engine or at a limit of it.
func randomExtra(random *rand.Rand) string {
	if random.IntN(20) == 0 {
		return oneOf(random, "", "{", "null", `"text"`, "[1,2]", `{"a":NaN}`, `{"a":1,"a":{"b":2}}`, `{"a":{"b":1},"a.b":2}`,
			strings.Repeat(`{"a":`, 100)+"1"+strings.Repeat("}", 100), `{"a":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+"}")
	}
	var text strings.Builder
	writeObject(&text, random, oneOf(random, 0, 1, 2, 5, 12, 25, 40))
	return text.String()
}

func oneOf[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

func writeObject(text *strings.Builder, random *rand.Rand, depth int) {
	text.WriteByte('{')
	for i := range random.IntN(6) {
		if i > 0 {
			text.WriteByte(',')
		}
		text.WriteString(randomKey(random))
		text.WriteByte(':')
		writeValue(text, random, depth)
	}
	text.WriteByte('}')
}

func writeValue(text *strings.Builder, random *rand.Rand, depth int) {
	switch kind := random.IntN(10); {
	case depth > 0 && kind < 3:
		writeObject(text, random, depth-1)
	case depth > 0 && kind < 5:
		text.WriteByte('[')
		for i := range random.IntN(5) {
			if i > 0 {
				text.WriteByte(',')
			}
			writeValue(text, random, depth-1)
		}
		text.WriteByte(']')
	case random.IntN(100) == 0: // at the limit of a value here, and of a term in Lucene
		text.WriteString(oneOf(random, `"`+strings.Repeat("v", 16_384)+`"`, `"`+strings.Repeat("v", 32_766)+`"`, `"`+strings.Repeat("v", 40_000)+`"`,
			`"`+strings.Repeat("é", 16_384)+`"`))
	default:
		text.WriteString(oneOf(random, "null", "true", "false", "0", "-1", "1.5", "1e300", "1e999", "9223372036854775808", strings.Repeat("9", 400),
			`""`, `"x"`, `"\u0000"`, `"a=b"`, `"192.0.2.1"`, `"2026-01-01"`))
	}
}

func randomKey(random *rand.Rand) string {
	if random.IntN(100) == 0 {
		return oneOf(random, `"`+strings.Repeat("k", 1000)+`"`, `"`+strings.Repeat("k", 33_000)+`"`)
	}
	return oneOf(random, `"a"`, `"b"`, `"qname"`, `"qtype"`, `"a.b"`, `"."`, `"a."`, `".a"`, `".."`, `""`, `" "`, `"*"`, `"\u0000"`, `"a\u0000b"`,
		`"a[b]"`, `"a=b"`, `"_id"`, `"_value"`, `"_valueAndPath"`, `"\u202e"`, `"\ud83d\ude00"`, `"\ud800"`)
}
