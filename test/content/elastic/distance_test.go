// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package elastic

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

type place struct{ latitude, longitude float64 }

// The distance is right everywhere: across the equator, the date line and Greenwich, and
// at a pole.
func TestDistanceOfPlaces(t *testing.T) {
	rules, err := elasticrules.Load(root)
	require.NoError(t, err)
	far := rules[slices.IndexFunc(rules, func(r elasticrules.Rule) bool { return r.Detection.ID == "far_apart" })]
	pairs := map[string][2]place{
		"Berlin and Tokyo":         {{52.5, 13.4}, {35.7, 139.7}},
		"Auckland and Los Angeles": {{-36.8, 174.8}, {34.0, -118.2}},
		"London and New York":      {{51.5, -0.1}, {40.7, -74.0}},
		"Madrid and Rome":          {{40.4, -3.7}, {41.9, 12.5}},
		"Fiji and Samoa":           {{-18.1, 178.4}, {-13.8, -171.8}},
		"Longyearbyen and Utqiagvik": {
			{78.2, 15.6}, {71.3, -156.8},
		},
		"both sides of the date line": {{10, 179.9}, {10, -179.9}},
		"one place":                   {{52.5, 13.4}, {52.5, 13.4}},
	}
	samples := map[string][]json.RawMessage{}
	for name, pair := range pairs {
		samples[name] = []json.RawMessage{beaconAt(t, pair[0], "203.0.113.7", 2*time.Hour), beaconAt(t, pair[1], "198.51.100.7", 10*time.Minute)}
	}
	answer := ask(t, []query{asQuery(t, &far, samples)})["far_apart"]
	require.Empty(t, answer.Error)
	for name, pair := range pairs {
		want := kilometres(pair[0], pair[1])
		rows := answer.Rows[name]
		if want < 1000 {
			assert.Empty(t, rows, name)
			continue
		}
		if assert.Len(t, rows, 1, name) {
			assert.InDelta(t, want, rows[0]["Esql.kilometres"], 1, name)
		}
	}
}

// kilometres is the distance on the sphere, by the angle between two vectors.
func kilometres(a, b place) float64 {
	vector := func(p place) (x, y, z float64) {
		latitude, longitude := p.latitude*math.Pi/180, p.longitude*math.Pi/180
		return math.Cos(latitude) * math.Cos(longitude), math.Cos(latitude) * math.Sin(longitude), math.Sin(latitude)
	}
	x1, y1, z1 := vector(a)
	x2, y2, z2 := vector(b)
	return 6371 * math.Acos(min(1, x1*x2+y1*y2+z1*z2))
}

// beaconAt is a beacon from a place, called some time ago.
func beaconAt(t *testing.T, at place, address string, ago time.Duration) json.RawMessage {
	t.Helper()
	happened := now.Add(-ago).Format(time.RFC3339)
	document := fmt.Sprintf(`{
		"@timestamp": %q, "event": {"dataset": "oversight.beacon", "ingested": %q},
		"oversight": {"registry_id": "demo", "beacon_kind": "http_img", "file_id": "file-1", "recipient_id": "alice"},
		"source": {"ip": %q, "geo": {"country_iso_code": "XX", "location": {"lat": %g, "lon": %g}}}
	}`, happened, happened, address, at.latitude, at.longitude)
	require.True(t, json.Valid([]byte(document)))
	return json.RawMessage(document)
}
