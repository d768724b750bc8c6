// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fromOTLP replaces the receivers by one for OTLP.
func fromOTLP(address string) string {
	return `
receivers:
  otlp: {protocols: {http: {endpoint: "` + address + `"}}}
service:
  pipelines:
    logs/splunk: {receivers: [otlp]}
    logs/elastic: {receivers: [otlp]}
    logs/sentinel: {receivers: [otlp]}
    logs/azuremonitor: {receivers: [otlp]}
    logs/file: {receivers: [otlp]}
`
}

// requests returns the OTLP requests of testdata/integrity, one record in each.
func requests(t testing.TB) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "integrity", "otel.jsonl"))
	require.NoError(t, err)
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

// Findings arrive everywhere in their shape, beside events of the same resource.
func TestFindingsArrive(t *testing.T) {
	findings := requests(t)
	s := newSite(t, "registry.sqlite")
	address := freeAddress(t)
	collector := s.start("all.yaml", fastRetries, s.azure.trust(), fromOTLP(address))
	collector.waitForOutput(collector.ready)

	event := `{"timeUnixNano":"1735000000000000000","eventName":"oversight.beacon","attributes":[
		{"key":"log.record.uid","value":{"stringValue":"the event"}},{"key":"oversight.event.id","value":{"stringValue":"1"}},
		{"key":"oversight.beacon.kind","value":{"stringValue":"dns"}}]},`
	for i, request := range findings {
		if i == 0 {
			request = bytes.Replace(request, []byte(`"logRecords":[`), []byte(`"logRecords":[`+event), 1)
		}
		post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/logs", bytes.NewReader(request))
		require.NoError(t, err)
		post.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(post)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
	}
	uid := map[string]func(map[string]any) any{
		"splunk":   func(d map[string]any) any { return d["event"].(map[string]any)["event_uid"] },
		"ecs":      func(d map[string]any) any { return d["event"].(map[string]any)["hash"] },
		"sentinel": func(d map[string]any) any { return d["EventUid"] },
	}
	arrived := func(shape string) map[any]map[string]any {
		byUID := map[any]map[string]any{}
		for _, document := range s.all(shape) {
			byUID[uid[shape](document)] = document
		}
		return byUID
	}
	for shape := range uid {
		eventually(t, func() error {
			if n := len(arrived(shape)); n != len(findings)+1 {
				return fmt.Errorf("%d of %d %s documents have arrived", n, len(findings)+1, shape)
			}
			return nil
		})
	}
	eventually(t, func() error { // Application Insights acknowledges before it sends
		s.track.mu.Lock()
		defer s.track.mu.Unlock()
		return errorIf(len(s.track.envelopes) < len(findings)+1, "not all custom events have arrived")
	})
	written := &counter{path: s.file().path, pattern: []byte("\n")}
	eventually(t, func() error { return written.reached(len(findings) + 1) })
	collector.interrupt()

	for shape := range uid {
		got := arrived(shape)
		require.Contains(t, got, any("the event"))
		for _, want := range lines(t, filepath.Join("..", "testdata", "integrity", shape+".jsonl")) {
			require.JSONEq(t, asJSON(t, want), asJSON(t, got[uid[shape](want)]))
		}
	}
	assert.Equal(t, "oversight:beacon", arrived("splunk")["the event"]["sourcetype"])
	for id, index := range s.bulk.index {
		document := arrived("ecs")[id]
		require.NotNil(t, document, "the uid is the document's id")
		assert.Equal(t, fmt.Sprintf("logs-%v-default", document["event"].(map[string]any)["dataset"]), index)
	}
	checkFindingsAsCustomEvents(t, s)
	inFile := map[any]map[string]any{}
	for _, document := range lines(t, s.file().path) {
		inFile[uid["ecs"](document)] = document
	}
	assert.Equal(t, arrived("ecs"), inFile)
}

// all returns the documents of a shape that have arrived.
func (s *site) all(shape string) []map[string]any {
	switch shape {
	case "splunk":
		s.hec.mu.Lock()
		defer s.hec.mu.Unlock()
		return append([]map[string]any{}, s.hec.events...)
	case "ecs":
		s.bulk.mu.Lock()
		defer s.bulk.mu.Unlock()
		var documents []map[string]any
		for _, document := range s.bulk.documents {
			documents = append(documents, document)
		}
		return documents
	default:
		s.azure.mu.Lock()
		defer s.azure.mu.Unlock()
		return append([]map[string]any{}, s.azure.rows...)
	}
}

// checkFindingsAsCustomEvents checks the findings in Application Insights.
func checkFindingsAsCustomEvents(t *testing.T, s *site) {
	t.Helper()
	byUID := map[any]map[string]any{}
	for _, envelope := range s.track.envelopes {
		base := envelope["data"].(map[string]any)["baseData"].(map[string]any)
		byUID[base["properties"].(map[string]any)["EventUid"]] = envelope
	}
	for _, want := range lines(t, filepath.Join("..", "testdata", "integrity", "sentinel.jsonl")) {
		require.Contains(t, byUID, want["EventUid"])
		checkCustomEvent(t, want, byUID[want["EventUid"]])
	}
}
