// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package elastic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/content/elasticrules"
)

// evenly is what raises an alert of a rule if it is within the window: so many beacons, each
// with what makes it differ from the others.
var evenly = map[string]struct {
	count  int
	differ func(beacon object, i int)
}{
	"many_documents": {5, func(beacon object, i int) { beacon["oversight.file_id"] = fmt.Sprint(i) }},
	"gateway":        {3, func(beacon object, i int) { beacon["oversight.recipient_id"] = fmt.Sprint(i) }},
	"far_apart": {2, func(beacon object, i int) {
		beacon["source.geo.location"] = object{"lat": 50 * float64(i), "lon": 0}
	}},
}

// What is a little less than the detection's window apart raises an alert, whatever the
// time of day, and what is a quarter more does not.
func TestWindowsHaveTheirWholeLength(t *testing.T) {
	rules, err := elasticrules.Load(root)
	require.NoError(t, err)
	for i := range rules {
		r := &rules[i]
		window := r.Detection.Window
		if window == 0 {
			continue
		}
		samples, want := map[string][]json.RawMessage{}, map[string]int{}
		for step := range 25 {
			last := time.Duration(step) * window / 50
			for _, length := range []time.Duration{window - time.Second, window * 5 / 4} {
				name := fmt.Sprintf("%v long, %v ago", length, last)
				samples[name] = spread(t, r.Detection.ID, length, last)
				if length < window {
					want[name] = 1
				} else {
					want[name] = 0
				}
			}
		}
		answer := ask(t, []query{asQuery(t, r, samples)})[r.Detection.ID]
		assert.Equal(t, want, alertsOf(t, r, answer, samples), r.Detection.ID)
	}
}

// spread returns beacons that happened evenly over some time, the last of them so long ago.
// All arrived now.
func spread(t *testing.T, id string, length, last time.Duration) (documents []json.RawMessage) {
	t.Helper()
	c, found := evenly[id]
	require.True(t, found, id)
	for i := range c.count {
		beacon := object{
			"@timestamp":    now.Add(-last - length*time.Duration(c.count-1-i)/time.Duration(c.count-1)),
			"event.dataset": "oversight.beacon", "event.ingested": now.Add(-time.Minute), "event.hash": fmt.Sprint(i),
			"oversight.registry_id": "demo", "oversight.beacon_kind": "http_img", "oversight.file_id": "f", "oversight.recipient_id": "r",
			"source.ip": "203.0.113.7", "source.address": "203.0.113.7", "source.geo.location": object{"lat": 0, "lon": 0},
		}
		c.differ(beacon, i)
		documents = append(documents, json.RawMessage(encode(t, nestedObject(beacon))))
	}
	return documents
}

// nestedObject makes objects of dotted names.
func nestedObject(fields object) object {
	result := object{}
	for name, value := range fields {
		node := result
		for {
			outer, inner, dotted := strings.Cut(name, ".")
			if !dotted {
				node[name] = value
				break
			}
			if node[outer] == nil {
				node[outer] = object{}
			}
			node, name = node[outer].(object), inner
		}
	}
	return result
}
