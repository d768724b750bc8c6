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
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

// engine says what ran a rule.
func engine(r *elasticrules.Rule) string {
	switch r.Language {
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

// Documents that no pipeline has seen, such as those of a data stream that was not rolled
// over, have no time of arrival. Kibana goes by their own time then, and so do the queries.
func TestRulesDoWithoutTheTimeOfArrival(t *testing.T) {
	rules, err := elasticrules.Load(root)
	require.NoError(t, err)
	content := filepath.Join(root, "content")
	for i := range rules {
		r := &rules[i]
		if r.Language != "esql" {
			continue
		}
		list, err := detections.LoadSamples(content, r.Detection.ID)
		require.NoError(t, err)
		first := list[0].Name
		documents, want := samplesOf(t, r.Detection.ID)
		require.Positive(t, want[first], first)
		for j := range documents[first] {
			documents[first][j] = ingested.ReplaceAll(documents[first][j], nil)
		}
		require.NotContains(t, string(documents[first][0]), "ingested")
		samples := map[string][]json.RawMessage{first: documents[first]}
		answer := ask(t, []query{asQuery(t, r, samples)})[r.Detection.ID]
		assert.Equal(t, map[string]int{first: want[first]}, alertsOf(t, r, answer, samples), r.Detection.ID)
	}
}

var ingested = regexp.MustCompile(`"ingested":"[^"]*",|,"ingested":"[^"]*"`)

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
		{"unusual_client", "client IS NULL\n    OR ", ""},
		{"unusual_client", "TO_LOWER(user_agent.original)", "user_agent.original"},
		{"unusual_client", `""".*(`, `"""(`},
		{"unusual_client", `got \(`, `got\(`},
		{"unusual_client", `AND oversight.beacon_kind != "dns"`, ""},
		{"unusual_client", "AND oversight.reduced IS NULL", ""},
		{"unusual_client", "recipient_id, source.address\n", "recipient_id, source.address, event.hash\n"},
		{"log_disagrees", `AND event.kind == "alert"`, ""},
		{"log_disagrees", "integrity-row-mismatch", "row_mismatch"},
		{"log_disagrees", `"mismatch", "duplicate"`, `"mismatch", "duplicate", "missing"`},
		{"quarantine", "last_refusing == last_record", "last_refusing IS NOT NULL"},
		{"silent_pipeline", "NOW() - 1440 minutes", "NOW() - 1 hour"},
		{"silent_pipeline", "MAX(COALESCE(event.ingested, @timestamp))", "MAX(@timestamp)"},
		{"silent_collector", "MAX(COALESCE(event.ingested, @timestamp)), Esql.last_record", "MIN(COALESCE(event.ingested, @timestamp)), Esql.last_record"},
		{"silent_collector", "MAX(COALESCE(event.ingested, @timestamp))", "MAX(@timestamp)"},
		{"different_heads", "arrived = MIN(COALESCE(event.ingested, @timestamp))", "arrived = MAX(COALESCE(event.ingested, @timestamp))"},
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

// The EQL of docs/elastic.md finds an address that guesses tokens until one is known, and
// no other.
func TestGuessedTokensOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "elastic.md"))
	require.NoError(t, err)
	fences := regexp.MustCompile("(?s)```eql\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, fences, 1)
	call := func(ago time.Duration, address string, known bool, kind string) json.RawMessage {
		happened := now.Add(-ago)
		beacon := object{
			"@timestamp": happened, "event.dataset": "oversight.beacon", "event.ingested": happened, "oversight.registry_id": "demo",
			"oversight.beacon_kind": kind, "source.address": address,
		}
		if known {
			beacon["oversight.file_id"] = "file"
		}
		return json.RawMessage(encode(t, nestedObject(beacon)))
	}
	const guesser, another = "203.0.113.7", "198.51.100.7"
	samples := map[string][]json.RawMessage{
		"a guess, and a hit":                {call(9*time.Minute, guesser, false, "http_img"), call(8*time.Minute, guesser, true, "http_img")},
		"a hit, and a guess":                {call(9*time.Minute, guesser, true, "http_img"), call(8*time.Minute, guesser, false, "http_img")},
		"two hours between them":            {call(3*time.Hour, guesser, false, "http_img"), call(time.Hour, guesser, true, "http_img")},
		"the hit is of another address":     {call(9*time.Minute, guesser, false, "http_img"), call(8*time.Minute, another, true, "http_img")},
		"both are of a resolver":            {call(9*time.Minute, guesser, false, "dns"), call(8*time.Minute, guesser, true, "dns")},
		"a guess in reduced form, or a hit": {reduced(call(9*time.Minute, guesser, false, "http_img")), call(8*time.Minute, guesser, true, "http_img")},
	}
	answer := ask(t, []query{{
		Name: "guesses", Language: "eql", Query: fences[0][1], Seconds: (24 * time.Hour).Seconds(), SuppressBy: []string{"source.address"}, Samples: samples,
	}})["guesses"]
	require.Empty(t, answer.Error)
	want := map[string]int{"a guess, and a hit": 1}
	for name := range samples {
		assert.Equal(t, want[name], answer.Alerts[name], name)
	}
	tools.Note("ran the EQL of docs/elastic.md with eql")
}

// reduced is a document in its reduced form.
func reduced(document json.RawMessage) json.RawMessage {
	return json.RawMessage(strings.Replace(string(document), `"oversight":{`, `"oversight":{"reduced":["file_id"],`, 1))
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
