// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// model is a data model of the Common Information Model; see testdata/cim.yaml.
type model struct {
	Name     string
	Tags     []string
	Required map[string][]string
	Absent   map[string]string
	From     map[string]string
}

func loadModels(t *testing.T) []model {
	t.Helper()
	text, err := os.ReadFile("testdata/cim.yaml")
	require.NoError(t, err)
	var file struct{ Models []model }
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Len(t, file.Models, 3)
	return file.Models
}

// moreSamples are of every kind of beacon, with and without what a registry may lack.
func moreSamples() []detections.Sample {
	events := []detections.SampleEvent{
		{Kind: "dns", Extra: `{"qname":"t.example.org","qtype":"aaaa"}`},
		{Kind: "dns", Extra: `{"qname":"t.example.org","qtype":"A"}`, Unknown: true},
		{Kind: "dns", Extra: `{"qname":"t.example.org"}`, Addressless: true},
		{Kind: "dns"},
		{Kind: "ocsp"},
		{Kind: "license", SourceIP: "203.0.113.7:4711"},
		{Kind: "newer", Addressless: true, Nameless: true},
		{Kind: "http_img", UserAgent: strings.Repeat("long ", 5000)},
		{Kind: "dns", UserAgent: strings.Repeat("long ", 5000), Extra: `{"qname":"t.example.org"}`},
		{Unknown: true},
	}
	records := make([]detections.SampleRecord, len(events))
	for i := range events {
		records[i].Event, records[i].Age = &events[i], time.Hour
	}
	return []detections.Sample{{Name: "kinds of beacons", Records: records}}
}

// allRows returns events of all samples: of one with a thousand equal ones the first few.
func allRows(t *testing.T, a *app.App) []spl.Row {
	t.Helper()
	samples := moreSamples()
	for _, d := range loadDetections(t) {
		list, err := detections.LoadSamples(content, d.ID)
		require.NoError(t, err)
		samples = append(samples, list...)
	}
	var all []spl.Row
	for i := range samples {
		records, err := (&detections.Renderer{Now: now}).Render(&samples[i], "splunk")
		require.NoError(t, err)
		all = append(all, rowsOf(t, a, records[:min(len(records), 5)])...)
	}
	return all
}

// fits returns the name of the data model that an event belongs to, without looking at the app.
func fits(row spl.Row) string {
	var event struct {
		Kind     string `json:"kind"`
		FileID   string `json:"file_id"`
		Severity string `json:"severity"`
		Extra    struct{ Qname string }
	}
	if json.Unmarshal([]byte(row["_raw"].(string)), &event) != nil {
		return ""
	}
	switch {
	case event.Kind == "dns" && event.Extra.Qname != "":
		return "Network Resolution"
	case event.Kind != "" && event.Kind != "dns" && event.FileID != "":
		return "Data Access"
	case event.Severity == "medium" || event.Severity == "high":
		return "Alerts"
	default:
		return ""
	}
}

// checkModels: every event has the tags of its data model and of no other, and what the model requires.
func (p *problems) checkModels(t *testing.T, a *app.App) map[string]int {
	t.Helper()
	models, fitting := loadModels(t), map[string]int{}
	for _, row := range allRows(t, a) {
		_, tags, err := a.EventTags(row)
		if err != nil {
			p.add("tags: %v", err)
			continue
		}
		slices.Sort(tags)
		name := fits(row)
		fitting[name]++
		var wanted []string
		for i := range models {
			if models[i].Name == name {
				wanted = slices.Sorted(slices.Values(models[i].Tags))
				p.checkModel(&models[i], row)
			}
		}
		if !slices.Equal(tags, wanted) {
			p.add("tags are %v, not %v of %q", tags, wanted, name)
		}
	}
	slices.Sort(*p)
	*p = slices.Compact(*p)
	return fitting
}

func (p *problems) checkModel(m *model, row spl.Row) {
	for field, expected := range m.Required {
		values := spl.Texts(row[field])
		_, absent := m.Absent[field]
		from, depends := m.From[field]
		switch wanted := !absent && (!depends || row[from] != nil); {
		case wanted != (len(values) > 0):
			p.add("%s: %s is %q", m.Name, field, values)
		case len(values) > 1:
			p.add("%s: %s has several values, %q", m.Name, field, values)
		case wanted && len(expected) > 0 && !slices.Contains(expected, values[0]):
			p.add("%s: %s is %q, which is none of %.60s", m.Name, field, values[0], fmt.Sprint(expected))
		}
	}
}

func TestEventsAreInTheirDataModels(t *testing.T) {
	var found problems
	fitting := found.checkModels(t, load(t))
	assert.Empty(t, found)
	assert.Len(t, fitting, 4, "all data models, and none")
}

// The registry is its id, whatever the host of its events is (splunk::host).
func TestTheRegistryIsItsID(t *testing.T) {
	a := load(t)
	for sourcetype, field := range map[string]string{"oversight:beacon": "dest", "oversight:integrity": "src"} {
		row, err := a.Row([]byte(`{"time":1,"host":"one-for-all","sourcetype":"`+sourcetype+`","event":{"registry_id":"demo"}}`), now)
		require.NoError(t, err)
		assert.Equal(t, "demo", row[field], sourcetype)
	}
}
