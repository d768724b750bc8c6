// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package elastic

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

// engine says what ran a rule.
func engine(r *elasticrules.Rule) string {
	switch r.Language {
	case "eql":
		return "eql"
	case "esql":
		return "Elastic's ES|QL parser and the stand-in for its engine"
	default:
		return "OpenSearch, by KQL as Kibana translates it"
	}
}

// alertsOf returns how many alerts a rule raises for each sample, from what queries.py
// answered for it.
func alertsOf(t *testing.T, r *elasticrules.Rule, a answer, samples map[string][]json.RawMessage) map[string]int {
	t.Helper()
	require.Empty(t, a.Error, r.Detection.ID)
	if r.Language == "kuery" {
		return alertsOnOpenSearch(t, r, a.DSL, samples)
	}
	return a.Alerts
}

func TestRulesRaiseTheAlertsOfTheSamples(t *testing.T) {
	rules, err := elasticrules.Load(root)
	require.NoError(t, err)
	queries := make([]query, len(rules))
	for i := range rules {
		documents, _ := samplesOf(t, rules[i].Detection.ID)
		queries[i] = asQuery(t, &rules[i], documents)
	}
	answers := ask(t, queries)
	for i := range rules {
		r := &rules[i]
		id := r.Detection.ID
		_, want := samplesOf(t, id)
		got := alertsOf(t, r, answers[id], queries[i].Samples)
		assert.Equal(t, want, got, id)
		t.Logf("%s, %s: ran %d samples with %s", id, r.Type, len(got), engine(r))
		tools.Note("ran the rule " + id + " with " + engine(r))
	}
}

// A test that no wrong rule fails proves nothing: each of these is a mistake that somebody
// could make, and a sample catches it.
func TestSamplesCatchWrongRules(t *testing.T) {
	mistakes := []struct{ rule, right, wrong string }{
		{"unknown_token", "and not oversight.file_id: * and not oversight.recipient_id: * and not oversight.issuer_id: *", ""},
		{"unknown_token", "not oversight.recipient_id: *", "oversight.recipient_id: *"},
		{"many_documents", "documents >= 5", "documents >= 4"},
		{"many_documents", "COUNT_DISTINCT(oversight.file_id)", "COUNT_DISTINCT(slot)"},
		{"many_documents", "DATE_TRUNC(5 minutes, @timestamp)", "DATE_TRUNC(5 minutes, event.ingested)"},
		{"many_documents", "AND arrived > NOW() - 70 minutes", ""},
		{"first_beacon_outside", `and not oversight.beacon_kind: "dns"`, ""},
		{"first_beacon_outside", `or "fc00::/7"`, ""},
		{"far_apart", `AND oversight.beacon_kind != "dns"`, ""},
		{"far_apart", "kilometres >= 1000", "kilometres >= 200"},
		{"far_apart", "12742", "1274"},
		{"far_apart", "DATE_TRUNC(1 hour, @timestamp)", "DATE_TRUNC(10 days, @timestamp)"},
		{"far_apart", "AND arrived > NOW() - 70 minutes", ""},
		{"gateway", "recipients >= 3", "recipients >= 2"},
		{"gateway", `AND oversight.beacon_kind != "dns"`, ""},
		{"gateway", "AND (source.ip IS NOT NULL OR source.address IS NOT NULL)", ""},
		{"unusual_client", "?user_agent.original == null\n    or ", ""},
		{"unusual_client", `"*powershell*"`, `"powershell*"`},
		{"unusual_client", `and oversight.beacon_kind != "dns"`, ""},
		{"log_disagrees", `AND event.kind == "alert"`, ""},
		{"log_disagrees", "integrity-row-mismatch", "row_mismatch"},
		{"log_disagrees", `"mismatch", "duplicate"`, `"mismatch", "duplicate", "missing"`},
		{"quarantine", "last_refusing == last_record", "last_refusing IS NOT NULL"},
		{"silent_pipeline", "NOW() - 1440 minutes", "NOW() - 1 hour"},
		{"silent_pipeline", "MAX(event.ingested)", "MAX(@timestamp)"},
		{"silent_collector", "MAX(event.ingested), Esql.last_record", "MIN(event.ingested), Esql.last_record"},
		{"silent_collector", "MAX(event.ingested)", "MAX(@timestamp)"},
		{"different_heads", "arrived = MIN(event.ingested)", "arrived = MAX(event.ingested)"},
		{"different_heads", "Esql.roots > 1", "Esql.roots > 2"},
	}
	rules, err := elasticrules.Load(root)
	require.NoError(t, err)
	byID := map[string]elasticrules.Rule{}
	for _, r := range rules {
		byID[r.Detection.ID] = r
	}
	withMistake := map[string]bool{}
	wrong := make([]elasticrules.Rule, len(mistakes))
	queries := make([]query, len(mistakes))
	for i, m := range mistakes {
		wrong[i], withMistake[m.rule] = byID[m.rule], true
		require.Contains(t, wrong[i].Query, m.right, m.rule)
		wrong[i].Query = strings.Replace(wrong[i].Query, m.right, m.wrong, 1)
		documents, _ := samplesOf(t, m.rule)
		queries[i] = asQuery(t, &wrong[i], documents)
		queries[i].Name = m.rule + ": " + m.wrong + " for " + m.right
	}
	assert.Len(t, withMistake, len(rules), "every rule has a mistake")
	answers := ask(t, queries)
	for i, m := range mistakes {
		name := queries[i].Name
		_, want := samplesOf(t, m.rule)
		got := alertsOf(t, &wrong[i], answers[name], queries[i].Samples)
		assert.NotEqual(t, want, got, "no sample catches %s", name)
	}
}

// The ES|QL of docs/elastic.md names only functions and fields that there are.
func TestQueriesOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "elastic.md"))
	require.NoError(t, err)
	fences := regexp.MustCompile("(?s)```esql\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, fences)
	queries := []query{{Name: "wrong", Language: "esql", Query: "FROM logs-oversight.* | WHERE oversight.fileid IS NULL"}}
	for i, fence := range fences {
		queries = append(queries, query{Name: strconv.Itoa(i + 1), Language: "esql", Query: fence[1]})
	}
	answers := ask(t, queries)
	assert.Contains(t, answers["wrong"].Error, "Unknown field")
	for _, q := range queries[1:] {
		assert.Empty(t, answers[q.Name].Error, q.Query)
	}
	tools.Note("checked " + strconv.Itoa(len(fences)) + " queries of docs/elastic.md with Elastic's ES|QL parser")
}
