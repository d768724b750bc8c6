// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// longestWindow is in place of Splunk's 10,000 rows, for tests that are quick.
const longestWindow = 100

// run returns the results of a detection over the records of a sample, and others.
func run(t *testing.T, a *app.App, id string, others []spl.Row, records ...detections.SampleRecord) []spl.Row {
	t.Helper()
	list := append(rows(t, a, &detections.Sample{Name: t.Name(), Records: records}), others...)
	env := a.Environment(now, list, loadPlaces(t))
	env.LongestWindow = longestWindow
	results, err := a.Run(detection(t, id).Name(), env)
	require.NoError(t, err)
	return results
}

func detection(t *testing.T, id string) *detections.Detection {
	t.Helper()
	for _, d := range loadDetections(t) {
		if d.ID == id {
			return &d
		}
	}
	require.Fail(t, "no detection", id)
	return nil
}

// Whoever has one token can call it from any number of addresses, and a gateway opens documents of any
// number of recipients: between the events that belong together, there are more of others than a window
// of streamstats holds.
func TestManyEventsOfOthersHideNothing(t *testing.T) {
	a := load(t)
	others := rows(t, a, &detections.Sample{Records: []detections.SampleRecord{
		{Event: &detections.SampleEvent{RecipientID: "other-{n}", SourceIP: "2001:db8::{n}"}, Age: 20 * time.Minute, Repeat: 2 * longestWindow, Step: time.Millisecond},
	}})
	part := func(age time.Duration, repeat int, e detections.SampleEvent) detections.SampleRecord {
		return detections.SampleRecord{Event: &e, Age: age, Repeat: repeat, Step: time.Second}
	}
	results := run(
		t, a, "many_documents", others, part(40*time.Minute, 3, detections.SampleEvent{FileID: "early-{n}"}),
		part(10*time.Minute, 2, detections.SampleEvent{FileID: "late-{n}"}),
	)
	require.Len(t, results, 1)
	assert.ElementsMatch(t, []string{"early-1", "early-2", "early-3", "late-1", "late-2"}, results[0]["file_id"])

	results = run(
		t, a, "gateway", others, part(40*time.Minute, 2, detections.SampleEvent{RecipientID: "early-{n}", SourceIP: "203.0.113.9"}),
		part(10*time.Minute, 1, detections.SampleEvent{RecipientID: "late", SourceIP: "203.0.113.9"}),
	)
	require.Len(t, results, 1)
	assert.ElementsMatch(t, []string{"early-1", "early-2", "late"}, results[0]["recipient_id"])
}

// listInWindow makes a list for each row: as many values as there are rows, times as many rows.
var listInWindow = regexp.MustCompile(`streamstats [^|]*\b(values|list)\(`)

func TestNoRowHoldsAList(t *testing.T) {
	a := load(t)
	for _, d := range loadDetections(t) {
		assert.NotRegexp(t, listInWindow, a.SavedSearches.Stanza(d.Name()).Get("search"), d.ID)
	}
}

// What arrived before the last run and arrives again, because it was sent again, is not new.
func TestRepeatsAreNotNew(t *testing.T) {
	a, places := load(t), loadPlaces(t)
	for _, id := range []string{"many_documents", "first_beacon_outside", "far_apart", "gateway", "different_heads"} {
		d := detection(t, id)
		for _, sample := range loadSamples(t, id) {
			again := rows(t, a, &sample)
			for _, row := range again {
				before := row.Clone()
				before["_indextime"] = float64(now.Add(-3 * time.Hour).Unix())
				again = append(again, before)
			}
			results, err := a.Run(d.Name(), a.Environment(now, again, places))
			require.NoError(t, err)
			assert.Empty(t, results, "%s: %s", id, sample.Name)
		}
	}
}

// Splunk raises 500 alerts in a run of a search at most (limits.conf, max_per_result_alerts). A stranger
// who calls from many addresses does not use them up before it comes to the recipients' documents.
func TestStrangersComeLast(t *testing.T) {
	a := load(t)
	results := run(
		t, a, "unusual_client", nil,
		detections.SampleRecord{
			Event: &detections.SampleEvent{Unknown: true, UserAgent: "curl/8.5.0", SourceIP: "2001:db8::{n}"}, Age: 10 * time.Minute, Repeat: 600,
		},
		detections.SampleRecord{Event: &detections.SampleEvent{RecipientID: "zoe", UserAgent: "curl/8.5.0"}, Age: 10 * time.Minute},
	)
	require.Len(t, results, 601)
	assert.Equal(t, "zoe", results[0]["recipient_id"])

	results = run(
		t, a, "unknown_token", nil,
		detections.SampleRecord{Event: &detections.SampleEvent{Unknown: true, SourceIP: "192.0.2.{n}"}, Age: 10 * time.Minute, Repeat: 200},
		detections.SampleRecord{
			Event: &detections.SampleEvent{Unknown: true, TokenID: "guess-{n}", SourceIP: "203.0.113.9"}, Age: 10 * time.Minute, Repeat: 50,
		},
	)
	require.Len(t, results, 201)
	assert.Equal(t, "203.0.113.9", results[0]["src"])
}

// What happened in the same second is listed as well, and what arrived twice is counted once.
func TestResultsTellAll(t *testing.T) {
	a := load(t)
	at := func(repeat int, e detections.SampleEvent) detections.SampleRecord {
		return detections.SampleRecord{Event: &e, Age: 10 * time.Minute, Repeat: repeat, Copies: 2}
	}
	results := run(t, a, "gateway", nil, at(3, detections.SampleEvent{RecipientID: "r{n}"}))
	require.Len(t, results, 1)
	assert.ElementsMatch(t, []string{"r1", "r2", "r3"}, results[0]["recipient_id"])
	results = run(t, a, "many_documents", nil, at(5, detections.SampleEvent{FileID: "f{n}"}))
	require.Len(t, results, 1)
	assert.ElementsMatch(t, []string{"f1", "f2", "f3", "f4", "f5"}, results[0]["file_id"])
	results = run(t, a, "first_beacon_outside", nil, at(2, detections.SampleEvent{SourceIP: "203.0.113.{n}"}))
	require.Len(t, results, 1)
	assert.InDelta(t, 2, results[0]["events"], 0)
}
