// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package elastic

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

// samplesOf returns the documents of each sample of a detection, and how many alerts each
// must raise.
func samplesOf(t *testing.T, id string) (documents map[string][]json.RawMessage, alerts map[string]int) {
	t.Helper()
	content := filepath.Join(root, "content")
	places, err := detections.LoadPlaces(content)
	require.NoError(t, err)
	samples, err := detections.LoadSamples(content, id)
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	renderer := &detections.Renderer{Now: now, Places: places}
	documents, alerts = map[string][]json.RawMessage{}, map[string]int{}
	for i := range samples {
		rendered, err := renderer.Render(&samples[i], "ecs")
		require.NoError(t, err)
		for _, r := range rendered {
			documents[r.Sample] = append(documents[r.Sample], r.Record)
		}
		alerts[samples[i].Name] = samples[i].Alerts
	}
	require.Len(t, documents, len(alerts), "two samples of %s have the same name", id)
	return documents, alerts
}

// lookBack is how far back a rule reads.
func lookBack(t *testing.T, from string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(strings.TrimPrefix(from, "now-"))
	require.NoError(t, err)
	return d
}

// asQuery returns the query of a rule, with the samples to run it over.
func asQuery(t *testing.T, r *elasticrules.Rule, documents map[string][]json.RawMessage) query {
	t.Helper()
	return query{
		Name: r.Detection.ID, Language: r.Language, Query: r.Query, Rule: true,
		Seconds: lookBack(t, r.From).Seconds(), SuppressBy: r.SuppressBy, Samples: documents,
	}
}
