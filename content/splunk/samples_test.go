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
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
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

// loadSamples returns the samples of a detection.
func loadSamples(t *testing.T, id string) []detections.Sample {
	t.Helper()
	samples, err := detections.LoadSamples(content, id)
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	return samples
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
		suppress := strings.Split(a.SavedSearches.Stanza(d.Name()).Get("alert.suppress.fields"), ",")
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
