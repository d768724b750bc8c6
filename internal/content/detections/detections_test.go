// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package detections_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

var content = filepath.Join("..", "..", "..", "content")

func load(t *testing.T) []detections.Detection {
	t.Helper()
	list, err := detections.Load(content)
	require.NoError(t, err)
	require.NotEmpty(t, list)
	return list
}

func TestDetectionsAreComplete(t *testing.T) {
	tactic, technique := regexp.MustCompile(`^TA\d{4}$`), regexp.MustCompile(`^T\d{4}$`)
	var ids, names []string
	for _, d := range load(t) {
		ids, names = append(ids, d.ID), append(names, d.Name())
		assert.Regexp(t, `^[a-z_]+$`, d.ID)
		assert.Contains(t, []string{"low", "medium", "high"}, d.Severity, d.ID)
		for _, text := range []string{d.Title, d.Description, d.Response} {
			assert.NotEmpty(t, text, d.ID)
			assert.NotContains(t, text, "\n", d.ID)
		}
		for _, list := range [][]string{d.Data, d.GroupBy, d.FalsePositives} {
			assert.NotEmpty(t, list, d.ID)
			assert.NotContains(t, list, "", d.ID)
		}
		assert.NotEmpty(t, d.Tactics, d.ID)
		for _, each := range d.Tactics {
			assert.Regexp(t, tactic, each.ID)
			assert.NotEmpty(t, each.Name)
		}
		assert.NotEmpty(t, d.Techniques, d.ID)
		for _, each := range d.Techniques {
			assert.Regexp(t, technique, each.ID)
			assert.NotEmpty(t, each.Name)
		}
		assert.Positive(t, d.Frequency, d.ID)
		assert.Greater(t, d.LookBack, d.Frequency+d.Window, d.ID)
		for _, p := range d.Parameters {
			assert.NotEmpty(t, p.Name, d.ID)
			assert.NotEmpty(t, p.Value, d.ID)
			assert.NotEmpty(t, p.Meaning, d.ID)
		}
	}
	for _, list := range [][]string{ids, names} {
		slices.Sort(list)
		assert.Equal(t, slices.Compact(slices.Clone(list)), list, "each once")
	}
}

// Each detection has samples of both kinds, and no other file of samples is there.
func TestSamplesAreComplete(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(content, "testdata", "samples", "*"))
	require.NoError(t, err)
	want := []string{"places.yaml"}
	for _, d := range load(t) {
		want = append(want, d.ID+".yaml")
		samples, err := detections.LoadSamples(content, d.ID)
		require.NoError(t, err)
		var names []string
		var fire, quiet int
		for _, sample := range samples {
			names = append(names, sample.Name)
			assert.NotEmpty(t, sample.Records, sample.Name)
			if sample.Alerts > 0 {
				fire++
			} else {
				quiet++
			}
		}
		slices.Sort(names)
		assert.Equal(t, slices.Compact(slices.Clone(names)), names, d.ID)
		assert.GreaterOrEqual(t, fire, 3, d.ID)
		assert.GreaterOrEqual(t, quiet, 2, d.ID)
	}
	for i := range files {
		files[i] = filepath.Base(files[i])
	}
	assert.ElementsMatch(t, want, files)
}

// Every sample can be rendered in every format, with as many records, and the same
// record twice where it arrives twice.
func TestSamplesAreRendered(t *testing.T) {
	places, err := detections.LoadPlaces(content)
	require.NoError(t, err)
	now := time.Date(2026, 1, 15, 12, 40, 0, 0, time.UTC)
	renderer := &detections.Renderer{Now: now, Places: places}
	located := 0
	for _, d := range load(t) {
		samples, err := detections.LoadSamples(content, d.ID)
		require.NoError(t, err)
		for _, sample := range samples {
			records, copies := 0, 0
			for _, r := range sample.Records {
				records += max(r.Repeat, 1) * max(r.Copies, 1)
				copies += max(r.Repeat, 1) * (max(r.Copies, 1) - 1)
			}
			for _, format := range detections.Formats {
				rendered, err := renderer.Render(&sample, format)
				require.NoError(t, err)
				require.Len(t, rendered, records, sample.Name)
				uids := map[string]int{}
				for _, r := range rendered {
					assert.False(t, r.Arrived.After(now), sample.Name)
					uids[uid(t, r.Record, format)]++
					located += strings.Count(string(r.Record), `"country_name":"Japan"`)
				}
				assert.Len(t, uids, records-copies, "%s as %s", sample.Name, format)
			}
		}
	}
	assert.GreaterOrEqual(t, located, 10)
}

// uid returns what identifies a record.
func uid(t *testing.T, record json.RawMessage, format string) string {
	t.Helper()
	var r struct {
		EventUID string `json:"EventUid"`
		Event    struct {
			UID      string `json:"event_uid"`
			Hash     string `json:"hash"`
			Ingested string `json:"ingested"`
		} `json:"event"`
	}
	require.NoError(t, json.Unmarshal(record, &r))
	uid := map[string]string{"splunk": r.Event.UID, "ecs": r.Event.Hash, "sentinel": r.EventUID}[format]
	assert.Len(t, strings.TrimSuffix(uid, translator.ReducedUIDSuffix), 32)
	assert.Equal(t, format == "ecs", r.Event.Ingested != "")
	return uid
}

func TestWrongSamples(t *testing.T) {
	renderer := &detections.Renderer{Now: time.Date(2026, 1, 15, 12, 40, 0, 0, time.UTC)}
	event := &detections.SampleEvent{}
	for want, record := range map[string]detections.SampleRecord{
		"is no event, finding or checkpoint":    {Age: time.Hour},
		"arrives after the detection runs":      {Event: event, Age: time.Second},
		`severity "critical" is none of`:        {Finding: &detections.SampleFinding{Severity: "critical"}, Age: time.Hour},
		`format "csv" is none of [splunk ecs s`: {Event: event, Age: time.Hour},
	} {
		format := "ecs"
		if strings.HasPrefix(want, "format") {
			format = "csv"
		}
		_, err := renderer.Render(&detections.Sample{Name: "n", Records: []detections.SampleRecord{record}}, format)
		assert.ErrorContains(t, err, want)
	}
}
