// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/detections"
)

// now is when the detections run.
var now = time.Date(2026, 1, 15, 12, 40, 0, 0, time.UTC)

var content = ".."

func load(t *testing.T) *app.App {
	t.Helper()
	a, err := app.Load("oversight")
	require.NoError(t, err)
	return a
}

func loadDetections(t *testing.T) []detections.Detection {
	t.Helper()
	list, err := detections.Load(content)
	require.NoError(t, err)
	require.NotEmpty(t, list)
	return list
}

func loadPlaces(t *testing.T) []detections.Place {
	t.Helper()
	places, err := detections.LoadPlaces(content)
	require.NoError(t, err)
	return places
}

// loadSamples returns the samples of a detection: those that all SIEMs have, and some for what is
// special to Splunk's searches.
func loadSamples(t *testing.T, id string) []detections.Sample {
	t.Helper()
	samples, err := detections.LoadSamples(content, id)
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	return append(samples, splunkSamples[id]...)
}

// splunkSamples: searches count within minutes and quarters of an hour before they look at the window.
var splunkSamples = map[string][]detections.Sample{
	"many_documents": {
		{Name: "one document for an hour", Records: []detections.SampleRecord{{Event: &detections.SampleEvent{}, Age: time.Hour, Step: 3 * time.Minute, Repeat: 20}}},
		{Name: "five documents around a full hour", Alerts: 1, Records: []detections.SampleRecord{
			{Event: &detections.SampleEvent{FileID: "file-{n}"}, Age: 50 * time.Minute, Step: 5 * time.Minute, Repeat: 5},
		}},
	},
	"gateway": {
		{Name: "one recipient for five hours", Records: []detections.SampleRecord{{Event: &detections.SampleEvent{}, Age: 5 * time.Hour, Step: 20 * time.Minute, Repeat: 14}}},
	},
	"first_beacon_outside": {
		{Name: "an address of a known network with a port", Records: []detections.SampleRecord{{Event: &detections.SampleEvent{SourceIP: "10.1.2.3:4711"}, Age: 10 * time.Minute}}},
		{Name: "a caller that is no address", Records: []detections.SampleRecord{{Event: &detections.SampleEvent{SourceIP: "unix:@"}, Age: 10 * time.Minute}}},
	},
	"far_apart": {
		{Name: "two readers who call by turns, hour after hour", Alerts: 1, Records: []detections.SampleRecord{
			{Event: &detections.SampleEvent{SourceIP: "203.0.113.7"}, Age: 3 * time.Hour, Step: 10 * time.Minute, Repeat: 18},
			{Event: &detections.SampleEvent{SourceIP: "198.51.100.7"}, Age: 175 * time.Minute, Step: 10 * time.Minute, Repeat: 17},
		}},
		{Name: "eleven and a half hours between a reader's last call of an hour and another's", Alerts: 1, Records: []detections.SampleRecord{
			{Event: &detections.SampleEvent{SourceIP: "203.0.113.7"}, Age: 12*time.Hour + 35*time.Minute, Step: 25 * time.Minute, Repeat: 3},
			{Event: &detections.SampleEvent{SourceIP: "198.51.100.7"}, Age: 10 * time.Minute},
		}},
	},
}

// rows returns the events of a sample, as Splunk knows them.
func rows(t *testing.T, a *app.App, sample *detections.Sample) []spl.Row {
	t.Helper()
	records, err := (&detections.Renderer{Now: now}).Render(sample, "splunk")
	require.NoError(t, err)
	return rowsOf(t, a, records)
}

func rowsOf(t *testing.T, a *app.App, records []detections.Rendered) []spl.Row {
	t.Helper()
	list := make([]spl.Row, len(records))
	for i, record := range records {
		row, err := a.Row(record.Record, record.Arrived)
		require.NoError(t, err)
		list[i] = row
	}
	return list
}

// Every detection fires for the samples that must fire, with as many results as there are alerts,
// and for no other.
func TestDetectionsFindTheSamples(t *testing.T) {
	a, places := load(t), loadPlaces(t)
	for _, d := range loadDetections(t) {
		samples := loadSamples(t, d.ID)
		suppress := strings.Split(a.SavedSearches.Stanza(d.Name()).Get("alert.suppress.fields"), ", ")
		for i := range samples {
			t.Run(filepath.Join(d.ID, samples[i].Name), func(t *testing.T) {
				results, err := a.Run(d.Name(), a.Environment(now, rows(t, a, &samples[i]), places))
				require.NoError(t, err)
				assert.Len(t, results, samples[i].Alerts)
				for _, result := range results {
					for _, name := range suppress {
						assert.NotNil(t, result[name], name)
					}
				}
			})
		}
	}
}
