// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package elastic

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

type object = map[string]any

// alertsOnOpenSearch runs a threshold or new terms rule over each sample, and returns how
// many alerts it raises. filter is what Kibana makes of its KQL.
func alertsOnOpenSearch(t *testing.T, r *elasticrules.Rule, filter json.RawMessage, samples map[string][]json.RawMessage) map[string]int {
	t.Helper()
	node, err := sharedNode()
	require.NoError(t, err)
	fields, err := elasticrules.LoadFields(root)
	require.NoError(t, err)
	const index = "logs-oversight.beacon-rules"
	alerts := map[string]int{}
	for name, documents := range samples {
		node.Call(t, http.MethodDelete, "/"+index+"?ignore_unavailable=true", "", nil) // of the sample before, or of a test that failed
		node.Call(t, http.MethodPut, "/"+index, encode(t, object{"mappings": mapping(fields)}), nil)
		fill(t, node, index, documents)
		search := newTermsSearch
		if r.Threshold != nil {
			search = thresholdSearch
		}
		var groups struct{ Buckets []json.RawMessage }
		result := node.Search(t, index, encode(t, search(t, r, filter)))
		require.NoError(t, json.Unmarshal(result.Aggregations["groups"], &groups))
		alerts[name] = len(groups.Buckets)
	}
	return alerts
}

// fill indexes documents, each uid once, as the exporter does.
func fill(t *testing.T, node *opensearch.Node, index string, documents []json.RawMessage) {
	t.Helper()
	var lines strings.Builder
	for _, document := range documents {
		var d struct{ Event struct{ Hash string } }
		require.NoError(t, json.Unmarshal(document, &d))
		fmt.Fprintf(&lines, `{"create":{"_index":%q,"_id":%q}}`+"\n%s\n", index, d.Event.Hash, document)
	}
	answer := node.Bulk(t, lines.String())
	require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Body)
	var result struct {
		Items []map[string]struct {
			Status int
			Error  json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(answer.Body, &result))
	for _, item := range result.Items {
		require.Contains(t, []int{http.StatusCreated, http.StatusConflict}, item["create"].Status, "%s", item["create"].Error)
	}
}

// thresholdSearch is the search that Kibana sends for a threshold rule.
func thresholdSearch(t *testing.T, r *elasticrules.Rule, filter json.RawMessage) object {
	t.Helper()
	paths, conditions := object{"count": "_count"}, []string{fmt.Sprintf("params.count >= %d", r.Threshold.Value)}
	aggregations := object{}
	for i, c := range r.Threshold.Cardinality {
		name := fmt.Sprintf("cardinality_%d", i)
		aggregations[name] = object{"cardinality": object{"field": c.Field}}
		paths[name], conditions = name, append(conditions, fmt.Sprintf("params.%s >= %d", name, c.Value))
	}
	return grouped(r.Threshold.Field, aggregations, paths, strings.Join(conditions, " && "), filter, now.Add(-lookBack(t, r.From)))
}

// newTermsSearch finds the combinations of values whose first document since the start of
// the history arrived within the look-back. Kibana asks in three steps, for the same.
func newTermsSearch(t *testing.T, r *elasticrules.Rule, filter json.RawMessage) object {
	t.Helper()
	from := now.Add(-lookBack(t, r.From))
	return grouped(r.NewTerms.Fields,
		object{"first": object{"min": object{"field": "event.ingested"}}}, object{"first": "first"},
		fmt.Sprintf("params.first >= %dL", from.UnixMilli()), filter, now.Add(-lookBack(t, r.NewTerms.History)))
}

// grouped is a search for groups of documents that arrived since from.
func grouped(fields []string, aggregations, paths object, condition string, filter json.RawMessage, from time.Time) object {
	sources := make([]object, len(fields))
	for i, field := range fields {
		sources[i] = object{fmt.Sprint(i): object{"terms": object{"field": field}}}
	}
	aggregations["wanted"] = object{"bucket_selector": object{"buckets_path": paths, "script": condition}}
	return object{
		"size": 0,
		"query": object{"bool": object{"filter": []any{
			filter, object{"range": object{"event.ingested": object{"gte": from, "lte": now}}},
		}}},
		"aggs": object{"groups": object{"composite": object{"size": 1000, "sources": sources}, "aggs": aggregations}},
	}
}

// mapping is that of the documented fields. OpenSearch has flat_object for flattened.
func mapping(fields elasticrules.Fields) object {
	properties := object{}
	for name, kind := range fields {
		if kind == "flattened" {
			kind = "flat_object"
		}
		properties[name] = object{"type": kind}
	}
	return object{
		"dynamic_templates": []object{{"strings": object{"match_mapping_type": "string", "mapping": object{"type": "keyword"}}}},
		"date_detection":    false, "properties": properties,
	}
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}
