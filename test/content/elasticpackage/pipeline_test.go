// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content && unix

package elasticpackage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// What the pipeline adds.
func TestPipelineAdds(t *testing.T) {
	n := installed(t)
	createStreams(t, n)
	began := time.Now().Add(-time.Minute)
	documents := stranger([]string{"1", "2", "3", "4"}, func(e *translator.Event, text string) {
		switch text {
		case "1":
			e.SourceIP, e.UserAgent = "203.0.113.9", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
		case "2":
			e.Kind = "dns"
			e.Extra, e.QuestionName = translator.NormalizeExtra(`{"qname":"t.beacon.example","qtype":"A"}`)
		case "3":
			e.DecodeError = "wrong"
		case "4":
			e.UserAgent = "Mozilla/5.0 (X11) Chrome/120.0.0.0 " + strings.Repeat("x", 1024)
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
	assert.Nil(t, at(stored[uid(t, documents[3])], "user_agent.name"), "a long text takes long to parse")
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
