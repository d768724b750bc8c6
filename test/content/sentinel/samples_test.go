// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package sentinel

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// runAt is when the rules run over samples.
var runAt = time.Date(2026, 1, 15, 12, 40, 0, 0, time.UTC)

// arrival is the key of a row's time of arrival, as run.py calls it.
const arrival = "_ArrivedAt"

// store makes rows of a sample as the workspace holds them.
func store(t *testing.T, sample *detections.Sample) []row {
	t.Helper()
	renderer := &detections.Renderer{Now: runAt}
	rendered, err := renderer.Render(sample, "sentinel")
	require.NoError(t, err)
	var rows []row
	for _, r := range rendered {
		var stored row
		require.NoError(t, json.Unmarshal(r.Record, &stored))
		rows = append(rows, arrive(t, stored, r.Arrived))
	}
	return rows
}

// arrive gives a row its time of arrival. It replaces a TimeGenerated that is more than two
// days older, as Azure Monitor does, and one that is later, as the data collection rule does.
func arrive(t *testing.T, stored row, at time.Time) row {
	t.Helper()
	stored[arrival] = at
	if age := at.Sub(timeOf(t, stored, "TimeGenerated")); age > 48*time.Hour || age < 0 && readWorkspace(t).NoFuture {
		stored["TimeGenerated"] = at
	}
	return stored
}

func timeOf(t *testing.T, r row, column string) time.Time {
	t.Helper()
	if at, ok := r[column].(time.Time); ok {
		return at
	}
	at, err := time.Parse(time.RFC3339Nano, r[column].(string))
	require.NoError(t, err)
	return at
}

// within returns the rows that a rule with this queryPeriod reads: Microsoft Sentinel
// limits TimeGenerated to the time between that and the run.
func within(t *testing.T, period string, rows []row) []row {
	t.Helper()
	days, found := strings.CutSuffix(period, "d")
	require.True(t, found, period)
	length, err := time.ParseDuration(days + "h")
	require.NoError(t, err)
	var read []row
	for _, r := range rows {
		if at := timeOf(t, r, "TimeGenerated"); at.After(runAt.Add(-24*length)) && !at.After(runAt) {
			read = append(read, r)
		}
	}
	return read
}

// trial is a sample, and a query that must raise as many alerts over it.
type trial struct {
	name   string
	sample *detections.Sample
	query  string
	period string
	alerts int
}

// try runs each trial's query over its sample.
func try(t *testing.T, trials []trial) {
	t.Helper()
	runs := make([]run, len(trials))
	for i := range trials {
		rows := within(t, trials[i].period, store(t, trials[i].sample))
		runs[i] = run{Now: runAt.Format(time.RFC3339), Rows: rows, Queries: []string{trials[i].query}}
	}
	for i, result := range evaluate(t, readWorkspace(t), readPlaces(t), runs) {
		name := trials[i].name + ": " + trials[i].sample.Name
		require.Empty(t, result[0].Error, name)
		assert.Len(t, result[0].Rows, trials[i].alerts, name)
	}
}

func loadSamples(t *testing.T, id string) map[string]*detections.Sample {
	t.Helper()
	samples, err := detections.LoadSamples(contentDir, id)
	require.NoError(t, err)
	named := make(map[string]*detections.Sample)
	for i := range samples {
		named[samples[i].Name] = &samples[i]
	}
	return named
}

// Every rule raises the alerts that each sample must raise, and no others.
func TestRulesOverSamples(t *testing.T) {
	rules := readRules(t)
	var trials []trial
	for _, d := range readDetections(t) {
		for _, sample := range loadSamples(t, d.ID) {
			trials = append(trials, trial{d.ID, sample, rules[d.ID].Query, rules[d.ID].QueryPeriod, sample.Alerts})
		}
	}
	try(t, trials)
	t.Logf("%d samples", len(trials))
}
