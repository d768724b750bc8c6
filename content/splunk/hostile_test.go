// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// alerts returns how many results each sample of a detection has, after the samples' events are changed.
func alerts(t *testing.T, a *app.App, d *detections.Detection, change func(*detections.SampleEvent)) (wanted, found map[string]int) {
	t.Helper()
	samples := loadSamples(t, d.ID)
	wanted, found = map[string]int{}, map[string]int{}
	for i := range samples {
		for j := range samples[i].Records {
			if e := samples[i].Records[j].Event; e != nil && change != nil {
				change(e)
			}
		}
		results, err := a.Run(d.Name(), a.Environment(now, rows(t, a, &samples[i]), loadPlaces(t)))
		require.NoError(t, err)
		assertShort(t, d.ID, results)
		wanted[samples[i].Name], found[samples[i].Name] = samples[i].Alerts, len(results)
	}
	return wanted, found
}

// assertShort: no result holds a long value, whatever a stranger sends.
func assertShort(t *testing.T, id string, results []spl.Row) {
	t.Helper()
	for _, result := range results {
		for name, value := range result {
			for _, each := range spl.Texts(value) {
				assert.LessOrEqual(t, len(each), 500, "%s: %s", id, name)
			}
		}
	}
}

// lengthen makes what a stranger chooses so long that automatic extraction does not reach what stands
// behind it.
func lengthen(e *detections.SampleEvent) {
	if !e.Nameless {
		e.UserAgent = cmp.Or(e.UserAgent, "Mozilla/5.0") + strings.Repeat(" long", 2000)
	}
	if e.Unknown {
		e.TokenID = cmp.Or(e.TokenID, "guess") + strings.Repeat("0", 10000)
	}
}

func TestLongValuesHideNothing(t *testing.T) {
	a := load(t)
	for _, d := range loadDetections(t) {
		wanted, found := alerts(t, a, &d, lengthen)
		assert.Equal(t, wanted, found, d.ID)
	}
}

// An event that Splunk refused arrives in a reduced form first, without document, recipient and user
// agent: it is no unknown token and no nameless client.
func TestReducedEventsAreNoAlerts(t *testing.T) {
	a := load(t)
	event := map[string]any{
		"time": now.Unix() - 600, "host": "demo", "source": "oversight:registry", "sourcetype": "oversight:beacon",
		"event": map[string]any{
			"schema": "oversight-siem-1", "kind": "http_img", "action": "beacon-http-pixel", "event_id": "1", "event_uid": "00-reduced",
			"token_id": "token", "source_ip": "203.0.113.7", "registry_id": "demo", "reduced": []string{"file_id", "recipient_id", "user_agent"},
		},
	}
	results := func() map[string]int {
		line, err := json.Marshal(event)
		require.NoError(t, err)
		row, err := a.Row(line, now)
		require.NoError(t, err)
		types, _, err := a.EventTags(row)
		require.NoError(t, err)
		assert.Equal(t, event["event"].(map[string]any)["reduced"] == nil, slices.Contains(types, "oversight_unknown_token"))
		found := map[string]int{}
		for _, d := range loadDetections(t) {
			list, err := a.Run(d.Name(), a.Environment(now, []spl.Row{row}, nil))
			require.NoError(t, err)
			if len(list) > 0 {
				found[d.ID] = len(list)
			}
		}
		return found
	}
	assert.Empty(t, results())
	delete(event["event"].(map[string]any), "reduced")
	assert.Equal(t, map[string]int{"unknown_token": 1, "unusual_client": 1}, results())
}

// What strangers call with does not become part of a search: no search is made of values.
func TestSearchesAreNotMadeOfValues(t *testing.T) {
	a := load(t)
	for i := range a.SavedSearches.Stanzas {
		search, err := a.Search(a.SavedSearches.Stanzas[i].Get("search"))
		require.NoError(t, err)
		for _, name := range []string{"map", "join", "append", "appendcols", "transaction", "foreach", "rex", "subsearch"} {
			assert.NotContains(t, search.Names, name)
		}
	}
}

// Known sources, documents and networks are left out.
func TestAllowListsAreHeeded(t *testing.T) {
	a := load(t)
	source := map[string]string{"network": "0.0.0.0/0", "name": "all"}
	for _, d := range loadDetections(t) {
		a.Lookups["oversight_known_sources"].Rows = []map[string]string{source, {"network": "::/0", "name": "all"}}
		_, found := alerts(t, a, &d, nil)
		total := 0
		for _, n := range found {
			total += n
		}
		switch d.ID {
		case "many_documents", "first_beacon_outside", "far_apart", "gateway":
			assert.Zero(t, total, d.ID)
		case "unusual_client":
			assert.Zero(t, found["the client curl/8.5.0"])
		default:
			assert.NotZero(t, total, d.ID)
		}
	}
	a = load(t)
	a.Lookups["oversight_known_documents"].Rows = []map[string]string{{"file_id": "file-1", "name": "heartbeat"}}
	for _, d := range loadDetections(t) {
		if d.ID == "unusual_client" {
			_, found := alerts(t, a, &d, nil)
			assert.Zero(t, found["the client curl/8.5.0"])
			assert.Equal(t, 1, found["an unknown token"])
		}
	}
}

// A search whose conditions are changed gives other results for its samples.
func TestSamplesFindMutations(t *testing.T) {
	for _, m := range []struct{ id, file, old, replacement string }{
		{"unknown_token", "savedsearches.conf", "where isnull(file_id) AND isnull(recipient_id) AND isnull(issuer_id) AND", "where"},
		{"unknown_token", "savedsearches.conf", "tokens >= `oversight_unknown_tokens`", "tokens > `oversight_unknown_tokens`"},
		{"unknown_token", "savedsearches.conf", "_time) AS last_seen BY registry_id src", "_time) AS last_seen BY registry_id"},
		{"unknown_token", "savedsearches.conf", "`oversight_arrived(-65m@m)`", "`oversight_arrived(-72h)`"},
		{"unknown_token", "savedsearches.conf", "dispatch.earliest_time = -30d", "dispatch.earliest_time = -1h"},
		{"many_documents", "macros.conf", "[oversight_documents]\ndefinition = 5", "[oversight_documents]\ndefinition = 6"},
		{"many_documents", "macros.conf", "[oversight_documents]\ndefinition = 5", "[oversight_documents]\ndefinition = 4"},
		{"many_documents", "savedsearches.conf", "time_window=1h", "time_window=72h"},
		{"many_documents", "savedsearches.conf", "dc(file_id) AS documents max(arrived)", "count AS documents max(arrived)"},
		{"many_documents", "savedsearches.conf", "documents >= `oversight_documents` AND last_arrival >= `oversight_last_run`", "documents >= `oversight_documents`"},
		{"many_documents", "savedsearches.conf", "AS documents max(arrived) AS last_arrival BY registry_id recipient_id", "AS documents max(arrived) AS last_arrival BY registry_id"},
		{"first_beacon_outside", "savedsearches.conf", "| `oversight_no_known_network`", "| search *"},
		{"first_beacon_outside", "savedsearches.conf", "first_arrival >= `oversight_last_run`", "first_arrival > 0"},
		{"first_beacon_outside", "savedsearches.conf", `where kind!="dns" AND isnotnull(file_id) AND match`, `where isnotnull(file_id) AND match`},
		{"first_beacon_outside", "savedsearches.conf", "`oversight_arrivals(-336h)`", "`oversight_arrivals(-65m@m)`"},
		{"first_beacon_outside", "macros.conf", `src=coalesce(json_extract(_raw,"src_ip"), json_extract(_raw,"source_ip"))`, `src=json_extract(_raw,"source_ip")`},
		{"far_apart", "savedsearches.conf", "<= 43200", "<= 432000"},
		{"far_apart", "savedsearches.conf", "window=1 global=f", "window=1 global=t"},
		{"far_apart", "savedsearches.conf", "max(arrived, previous_arrival)", "arrived"},
		{"far_apart", "savedsearches.conf", "max(arrived, previous_arrival) >= `oversight_last_run`", "arrived > 0"},
		{"far_apart", "macros.conf", "definition = 1000", "definition = 100"},
		{"far_apart", "macros.conf", "definition = 1000", "definition = 10000"},
		{"far_apart", "savedsearches.conf", `where kind!="dns" AND isnotnull(file_id) AND isnotnull(recipient_id)`, `where isnotnull(file_id) AND isnotnull(recipient_id)`},
		{"far_apart", "savedsearches.conf", "| dedup registry_id file_id recipient_id", "| dedup registry_id"},
		{"gateway", "macros.conf", "definition = 3", "definition = 2"},
		{"gateway", "macros.conf", "definition = 3", "definition = 4"},
		{"gateway", "savedsearches.conf", "time_window=24h", "time_window=1h"},
		{"gateway", "savedsearches.conf", "dc(recipient_id) AS recipients max(arrived)", "count AS recipients max(arrived)"},
		{"gateway", "savedsearches.conf", `where kind!="dns" AND isnotnull(recipient_id)`, `where isnotnull(recipient_id)`},
		{"gateway", "savedsearches.conf", "recipients >= `oversight_recipients` AND last_arrival >= `oversight_last_run`", "recipients >= `oversight_recipients`"},
		{"unusual_client", "savedsearches.conf", `where kind!="dns" AND isnull(reduced)`, `where isnull(reduced)`},
		{"unusual_client", "macros.conf", "definition = true()", "definition = false()"},
		{"unusual_client", "transforms.conf", "case_sensitive_match = false", "case_sensitive_match = true"},
		{"unusual_client", "savedsearches.conf", "BY registry_id recipient_id src \\\n| eval user_agent", "BY registry_id src \\\n| eval user_agent"},
		{"unusual_client", "savedsearches.conf", "BY registry_id recipient_id src \\\n| eval user_agent", "BY registry_id recipient_id src user_agent \\\n| eval file_id"},
		{"unusual_client", "savedsearches.conf", `recipient_id=coalesce(recipient_id, "none"), `, ""},
		{"unusual_client", "../lookups/oversight_unusual_clients.csv", "*powershell*", "powershell*"},
		{"log_disagrees", "savedsearches.conf", `AND severity!="informational"`, ""},
		{"log_disagrees", "savedsearches.conf", ` OR tlog_status="duplicate"`, ""},
		{"log_disagrees", "savedsearches.conf", "BY registry_id integrity_kind", "BY registry_id"},
		{"log_disagrees", "savedsearches.conf", "_index_earliest=-65m@m (", "_index_earliest=-336h ("},
		{"quarantine", "savedsearches.conf", "quarantined_events > 0", "quarantined_events > 1"},
		{"quarantine", "savedsearches.conf", "latest(quarantined_events) AS quarantined_events latest(reduced_events) AS reduced_events latest(event_id) AS last_event_id max(_time)", "max(quarantined_events) AS quarantined_events max(_time)"},
		{"quarantine", "savedsearches.conf", "AS last_seen BY registry_id collector receiver", "AS last_seen BY registry_id collector"},
		{"silent_pipeline", "savedsearches.conf", "tstats max(_indextime)", "tstats max(_time)"},
		{"silent_pipeline", "savedsearches.conf", "_index_earliest=-336h BY host", "_index_earliest=-336h BY source"},
		{"silent_pipeline", "macros.conf", "24*3600", "3600"},
		{"silent_pipeline", "macros.conf", "24*3600", "72*3600"},
		{"silent_collector", "macros.conf", " 2*3600", " 3600"},
		{"silent_collector", "macros.conf", " 2*3600", " 10*3600"},
		{"silent_collector", "savedsearches.conf", "`oversight_checkpoint_arrived(-72h)`", "`oversight_checkpoint_arrived(-336h)`"},
		{"silent_collector", "savedsearches.conf", "max(_indextime) AS last_arrival latest(checkpoint_reason)", "max(_time) AS last_arrival latest(checkpoint_reason)"},
		{"different_heads", "savedsearches.conf", "roots > 1 AND last_arrival >= `oversight_last_run`", "roots > 1"},
		{"different_heads", "savedsearches.conf", "roots > 1 AND", "roots > 0 AND"},
		{"different_heads", "savedsearches.conf", "min(_indextime) AS first_arrival min(_time) AS seen", "max(_indextime) AS first_arrival min(_time) AS seen"},
		{"different_heads", "savedsearches.conf", "BY registry_id head_size head_root", "BY registry_id head_root"},
		{"different_heads", "savedsearches.conf", `sourcetype="oversight:checkpoint" _index_earliest=-336h`, `sourcetype="oversight:checkpoint" _index_earliest=-72h`},
	} {
		t.Run(m.id+": "+m.replacement, func(t *testing.T) {
			a, err := app.Load(mutated(t, m.file, m.old, m.replacement))
			require.NoError(t, err)
			for _, d := range loadDetections(t) {
				if d.ID == m.id {
					assert.True(t, differs(t, a, &d), "no sample finds it")
				}
			}
		})
	}
}

// differs reports whether a detection does not do with its samples what it should.
func differs(t *testing.T, a *app.App, d *detections.Detection) bool {
	t.Helper()
	samples := loadSamples(t, d.ID)
	for i := range samples {
		results, err := a.Run(d.Name(), a.Environment(now, rows(t, a, &samples[i]), loadPlaces(t)))
		if err != nil || len(results) != samples[i].Alerts {
			return true
		}
	}
	return false
}
