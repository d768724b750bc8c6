// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package elasticpackage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
)

// installed returns a node on which the script's requests were made, and which has no
// documents.
func installed(t *testing.T) *opensearch.Node {
	t.Helper()
	n := node(t)
	n.Call(t, http.MethodDelete, "/_data_stream/logs-oversight.*", "", nil)
	putAssets(t, n)
	return n
}

// putAssets makes the script's requests, changed as the differences say.
func putAssets(t *testing.T, n *opensearch.Node) {
	t.Helper()
	s := newStack(t, "9.2.0", "default")
	_, stderr, err := install(t, apiKey, s.URL)
	require.NoError(t, err, stderr)
	paths, bodies := s.puts()
	require.Len(t, paths, 6)
	for _, path := range paths {
		n.Call(t, http.MethodPut, path, forOpenSearch(t, bodies[path]), nil)
	}
}

// datasets are the data streams.
var datasets = []string{"oversight.beacon", "oversight.integrity", "oversight.checkpoint"}

// createStreams creates the data streams, so that their mapping can be compared with a
// later one.
func createStreams(t *testing.T, n *opensearch.Node) (mapping map[string]object) {
	t.Helper()
	for _, dataset := range datasets {
		n.Call(t, http.MethodPut, "/_data_stream/logs-"+dataset+"-default", "", nil)
	}
	return mappings(t, n)
}

// mappings returns the mapping of each data stream.
func mappings(t *testing.T, n *opensearch.Node) map[string]object {
	t.Helper()
	result := map[string]object{}
	for _, dataset := range datasets {
		var answer map[string]struct{ Mappings object }
		n.Call(t, http.MethodGet, "/logs-"+dataset+"-default/_mapping", "", &answer)
		require.Len(t, answer, 1)
		for _, index := range answer {
			result[dataset] = index.Mappings
		}
	}
	return result
}

// send sends documents to the data streams of their event.dataset, as the collector does,
// and requires that each is accepted. It returns what is stored by event.hash.
func send(t *testing.T, n *opensearch.Node, documents [][]byte) map[string]object {
	t.Helper()
	for chunk := range slices.Chunk(documents, 500) {
		var lines bytes.Buffer
		for _, document := range chunk {
			fmt.Fprintf(&lines, "{\"create\":{\"_index\":\"logs-%s-default\"}}\n%s\n", datasetOf(t, document), document)
		}
		answer := n.Bulk(t, lines.String())
		require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Body)
		var result struct {
			Items []struct {
				Create struct {
					Status int
					Error  any
				}
			}
		}
		require.NoError(t, json.Unmarshal(answer.Body, &result))
		require.Len(t, result.Items, len(chunk))
		for i, item := range result.Items {
			require.Equal(t, http.StatusCreated, item.Create.Status, "%v: %.1000s", item.Create.Error, chunk[i])
		}
	}
	stored := map[string]object{}
	for _, hit := range n.All(t, "logs-oversight.*") {
		var source object
		require.NoError(t, json.Unmarshal(hit.Source, &source))
		hash := at(source, "event.hash").(string)
		require.Equal(t, hash, hit.ID, "the pipeline makes the uid the _id")
		stored[hash] = source
	}
	require.Len(t, stored, len(documents))
	return stored
}

func datasetOf(t *testing.T, document []byte) string {
	t.Helper()
	var fields struct {
		Event struct{ Dataset string }
	}
	require.NoError(t, json.Unmarshal(document, &fields))
	require.Contains(t, datasets, fields.Event.Dataset)
	return fields.Event.Dataset
}

// at returns the value at a dotted path, or nil.
func at(source object, path string) any {
	var value any = source
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(object)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

// requireKept requires that what was sent is stored as it was, with additions only.
func requireKept(t *testing.T, sent []byte, stored object) {
	t.Helper()
	var fields object
	require.NoError(t, json.Unmarshal(sent, &fields))
	requireIn(t, "", fields, stored)
	assert.NotEmpty(t, at(stored, "event.ingested"))
	assert.Equal(t, at(fields, "oversight"), at(stored, "oversight"), "what is ours is evidence")
}

func requireIn(t *testing.T, path string, sent, stored any) {
	t.Helper()
	if path == ".error.message" { // the pipeline's reasons come behind it
		if list, ok := stored.([]any); ok {
			require.NotEmpty(t, list)
			stored = list[0]
		}
	}
	if fields, ok := sent.(object); ok && !strings.HasPrefix(path, ".oversight.extra") {
		whole, ok := stored.(object)
		require.True(t, ok, path)
		for name, value := range fields {
			requireIn(t, path+"."+name, value, whole[name])
		}
		return
	}
	require.Equal(t, sent, stored, path)
}

// Everything that the project has of documents is accepted whole, and no field of it is
// new to the mapping.
func TestDocumentsAreAccepted(t *testing.T) {
	n := installed(t)
	before := createStreams(t, n)
	documents := slices.Concat(sampleEvents(t), records(t, "integrity"), records(t, "checkpoint-records"))
	for _, database := range []string{"edge.sqlite", "registry.sqlite", "registry-public/registry.sqlite", "registry-rust/registry.sqlite"} {
		documents = append(documents, export(t, filepath.Join(root, "testdata", filepath.FromSlash(database)))...)
	}
	loose, err := filepath.Glob(filepath.Join(root, "testdata", "loose", "*.sqlite"))
	require.NoError(t, err)
	require.NotEmpty(t, loose)
	for _, database := range loose {
		documents = append(documents, export(t, database)...)
	}
	documents = distinct(t, documents)
	require.Greater(t, len(documents), 600)
	stored := send(t, n, documents)
	counts := map[string]int{}
	for _, document := range documents {
		source := stored[uid(t, document)]
		requireKept(t, document, source)
		counts[at(source, "event.dataset").(string)]++
		assert.NotEqual(t, "pipeline_error", at(source, "event.kind"))
		assert.Nil(t, at(source, "tags"), "%s", document) // no oversight_enrichment_failed
	}
	assert.Len(t, counts, 3)
	assert.Equal(t, before, mappings(t, n), "dynamic mapping has added fields")
}

func uid(t *testing.T, document []byte) string {
	t.Helper()
	var fields object
	require.NoError(t, json.Unmarshal(document, &fields))
	return at(fields, "event.hash").(string)
}

// distinct leaves out documents that are the same event as an earlier one.
func distinct(t *testing.T, documents [][]byte) [][]byte {
	t.Helper()
	seen := map[string]bool{}
	return slices.DeleteFunc(documents, func(document []byte) bool {
		hash := uid(t, document)
		repeated := seen[hash]
		seen[hash] = true
		return repeated
	})
}

// sampleEvents are those of the package, without what Elasticsearch adds.
func sampleEvents(t *testing.T) (documents [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(content, "package", "oversight", "data_stream", "*", "sample_event.json"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var fields object
		require.NoError(t, json.Unmarshal(text, &fields))
		delete(fields["event"].(object), "ingested")
		document, err := json.Marshal(fields)
		require.NoError(t, err)
		documents = append(documents, document)
	}
	return documents
}

// records are the findings or the checkpoint records of testdata.
func records(t *testing.T, name string) (documents [][]byte) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "testdata", name, "ecs.jsonl"))
	require.NoError(t, err)
	for line := range bytes.Lines(text) {
		documents = append(documents, bytes.TrimSpace(line))
	}
	require.NotEmpty(t, documents)
	return documents
}

// export returns the events of a database as documents.
func export(t *testing.T, database string) (documents [][]byte) {
	t.Helper()
	// Each database as another registry: some hold the same rows.
	command := exec.CommandContext(t.Context(), filepath.Join(root, "bin", "oversight-siem"), "export", "--format", "ecs", "--extended",
		"--registry-id", strings.TrimPrefix(database, root), "--db", database)
	var errs bytes.Buffer
	command.Stderr = &errs
	output, err := command.Output()
	require.NoError(t, err, errs.String())
	for line := range bytes.Lines(output) {
		line = bytes.TrimSpace(line)
		if !bytes.Contains(line, []byte(`"@timestamp"`)) {
			// The row has no usable time. The collector writes when it read the row.
			line = append([]byte(`{"@timestamp":"2026-01-15T12:00:00Z",`), line[1:]...)
		}
		documents = append(documents, line)
	}
	return documents
}

// stranger returns the documents of events with what a stranger chose, one for each text.
func stranger(texts []string, set func(e *translator.Event, text string)) (documents [][]byte) {
	shape := ecs.Translator{Extended: true}
	for i, text := range texts {
		e := translator.Event{
			RegistryID: "r", ID: int64(i + 1), UID: fmt.Sprintf("%032x", i+1), Kind: "http_img", TokenID: "t", SourceIP: "198.51.100.7",
			Timestamp: time.Unix(1767225600, 0), Observed: time.Unix(1767225601, 0),
		}
		set(&e, text)
		documents = append(documents, shape.AppendJSON(nil, &translator.Document{Event: &e}))
	}
	return documents
}

// hostile are texts that break parsers.
func hostile() []string {
	return []string{
		"", " ", ".", "..", "a..b", ".a", "a.", "-", "\x00", "a\x00b", "\u202e", "\ufeff", "\U0001f600", "null", "true", "0", "-1", "1e999", "NaN",
		"{{{_ingest.timestamp}}}", "{{event.kind}}", "{}", "[]", `{"a":1}`, `"`, `\`, "'", "<script>", "${x}", "%s%n", "${jndi:ldap://x}",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "curl/8.0",
		strings.Repeat("(", 1024), strings.Repeat("Mozilla/5.0 ", 1300), strings.Repeat("a", 16384), strings.Repeat("a.", 8000), strings.Repeat("\u00e4", 5000),
		"x.example.co.uk", "xn--bcher-kva.example", "EXAMPLE.ORG.", "1.2.3.4", "::1", "fe80::1%eth0", "203.0.113.9:443", "[2001:db8::1]:80", "1.2.3.4, 5.6.7.8",
		"unix:/tmp/x", "999.999.999.999", "0x7f.1", "::ffff:203.0.113.9", "a\nb", "a\r\nb", "a\tb", "\u2028", strings.Repeat("9", 400),
	}
}

// Whatever a stranger sends as user agent, address, name, token or kind: the document is
// kept, and no rule loses sight of it.
func TestTextsOfStrangersAreKept(t *testing.T) {
	for name, set := range map[string]func(e *translator.Event, text string){
		"user agent": func(e *translator.Event, text string) { e.UserAgent = text },
		"address":    func(e *translator.Event, text string) { e.SourceIP = text },
		"token":      func(e *translator.Event, text string) { e.TokenID = text },
		"kind":       func(e *translator.Event, text string) { e.Kind = text },
		"name": func(e *translator.Event, text string) {
			extra, err := json.Marshal(map[string]string{"qname": text, "qtype": text})
			if err != nil {
				panic(err)
			}
			e.Kind = "dns"
			e.Extra, e.QuestionName = translator.NormalizeExtra(string(extra))
		},
		"extra": func(e *translator.Event, text string) {
			text = strings.ToValidUTF8(text[:min(len(text), 4000)], "") // the receiver cuts extra at 16,384 bytes
			extra, err := json.Marshal(map[string]any{text: text, "a": map[string]any{text: []any{text, 1, nil, true}}})
			if err != nil {
				panic(err)
			}
			e.Extra, e.QuestionName = translator.NormalizeExtra(string(extra))
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := installed(t)
			before := createStreams(t, n)
			documents := stranger(hostile(), set)
			stored := send(t, n, documents)
			for _, document := range documents {
				source := stored[uid(t, document)]
				requireKept(t, document, source)
				assert.Equal(t, "event", at(source, "event.kind"))
			}
			assert.Equal(t, before, mappings(t, n))
		})
	}
}

// A thousand rows with keys of their own add no field.
func TestExtraKeysAddNoFields(t *testing.T) {
	n := installed(t)
	before := createStreams(t, n)
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = fmt.Sprintf("key-%d", i)
	}
	documents := stranger(texts, func(e *translator.Event, text string) {
		e.Extra, e.QuestionName = translator.NormalizeExtra(fmt.Sprintf(`{%q: 1, "%s.b.c": {"d": [%q]}, "same": %q}`, text, text, text, text))
	})
	stored := send(t, n, documents)
	assert.Equal(t, before, mappings(t, n))
	assert.Len(t, stored, 1000)
	assert.Equal(t, 1, n.Count(t, "logs-oversight.beacon-default", `{"term": {"oversight.extra.same": "key-17"}}`))
}

// What the pipeline adds.
func TestPipelineAdds(t *testing.T) {
	n := installed(t)
	createStreams(t, n)
	began := time.Now().Add(-time.Minute)
	documents := stranger([]string{"1", "2", "3"}, func(e *translator.Event, text string) {
		switch text {
		case "1":
			e.SourceIP, e.UserAgent = "203.0.113.9", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
		case "2":
			e.Kind = "dns"
			e.Extra, e.QuestionName = translator.NormalizeExtra(`{"qname":"t.beacon.example","qtype":"A"}`)
		case "3":
			e.DecodeError = "wrong"
		}
	})
	// A location that the collector added stays.
	located := bytes.Replace(documents[0], []byte(`"source":{`), []byte(`"source":{"geo":{"country_name":"Japan"},`), 1)
	located = bytes.ReplaceAll(located, []byte("00000000000000000000000000000001"), []byte("00000000000000000000000000000009"))
	documents = append(documents, located)
	stored := send(t, n, documents)
	one, two, three := stored[uid(t, documents[0])], stored[uid(t, documents[1])], stored[uid(t, documents[2])]

	ingested, err := time.Parse(time.RFC3339Nano, at(one, "event.ingested").(string))
	require.NoError(t, err)
	assert.WithinRange(t, ingested, began, time.Now().Add(time.Minute))
	for path, want := range map[string]any{
		"source.geo.country_iso_code": "DE", "source.geo.city_name": "Berlin", "source.as.number": 64500.0, "source.as.organization.name": "Example Net",
		"source.as.asn": nil, "source.as.organization_name": nil, "user_agent.name": "Chrome", "user_agent.os.name": "Windows",
	} {
		assert.Equal(t, want, at(one, path), path)
	}
	assert.NotEmpty(t, at(one, "user_agent.version"))
	for path, want := range map[string]any{
		"dns.question.name": "t.beacon.example", "dns.question.registered_domain": "beacon.example", "dns.question.top_level_domain": "example",
		"dns.question.subdomain": "t", "dns.question.domain": nil, "source.geo": nil,
	} {
		assert.Equal(t, want, at(two, path), path)
	}
	assert.Equal(t, "wrong", at(three, "error.message"))
	assert.Equal(t, map[string]any{"country_name": "Japan"}, at(stored[uid(t, located)], "source.geo"))

	// A line that is sent again is a conflict.
	answer := n.Bulk(t, fmt.Sprintf("{\"create\":{\"_index\":\"logs-oversight.beacon-default\"}}\n%s\n", documents[0]))
	assert.Contains(t, string(answer.Body), "version_conflict_engine_exception")
}

// What a processor cannot do leaves the document as it is, says why, and does not hide it
// from rules. What is not Oversight's is kept, too.
func TestPipelineFails(t *testing.T) {
	n := installed(t)
	createStreams(t, n)
	for name, c := range map[string]struct {
		document, kind string
		tags           any
		message        string
	}{
		"a processor": {
			`{"event":{"kind":"event","hash":"a"},"source":{"ip":"nowhere"},"error":{"message":"wrong"}}`, "event",
			[]any{"oversight_enrichment_failed"},
			"geoip_source: ",
		},
		"not Oversight's": {`{"event":{"kind":"event","hash":"a"},"source":"nowhere"}`, "pipeline_error", nil, "ip"},
		"no event":        {`{"event":"x"}`, "", nil, "event_ingested: "},
	} {
		t.Run(name, func(t *testing.T) {
			var answer struct {
				Docs []struct {
					Doc struct {
						Source object `json:"_source"`
					}
				}
			}
			n.Call(t, http.MethodPost, "/_ingest/pipeline/oversight@pipeline/_simulate", `{"docs":[{"_source":`+c.document+`}]}`, &answer)
			require.Len(t, answer.Docs, 1)
			source := answer.Docs[0].Doc.Source
			require.NotNil(t, source)
			if c.kind != "" {
				assert.Equal(t, c.kind, at(source, "event.kind"))
			}
			assert.Equal(t, c.tags, at(source, "tags"))
			assert.Contains(t, fmt.Sprint(at(source, "error.message")), c.message)
			var sent object
			require.NoError(t, json.Unmarshal([]byte(c.document), &sent))
			for _, key := range slices.Sorted(maps.Keys(sent)) {
				assert.Contains(t, source, key)
			}
		})
	}
}
