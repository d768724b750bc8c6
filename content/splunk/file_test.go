// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package splunk_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/app"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/conf"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
	"github.com/oversight-protocol/oversight-otelcol/internal/content/detections"
)

// keyName is how INGEST_EVAL names an indexed field with dots.
var keyName = regexp.MustCompile(`\$field:([^$]+)\$`)

// checkFile: a line of a file becomes the event that the HTTP Event Collector makes of it, with every
// indexed field.
func (p *problems) checkFile(t *testing.T, a *app.App) {
	t.Helper()
	ingest := keyName.ReplaceAllString(a.Transforms.Stanza("oversight_envelope").Get("INGEST_EVAL"), "'$1'")
	var lines [][]byte
	for _, d := range loadDetections(t) {
		samples, err := detections.LoadSamples(content, d.ID)
		require.NoError(t, err)
		for i := range samples[:3] {
			records, err := (&detections.Renderer{Now: now}).Render(&samples[i], "splunk")
			require.NoError(t, err)
			p.checkTime(a.Props.Stanza("oversight:file"), records[0].Record)
			lines = append(lines, records[0].Record, withFields(t, records[0].Record, loadShapes(t)))
		}
	}
	for _, line := range lines {
		wanted, err := app.Received(line)
		require.NoError(t, err)
		received, err := spl.Assign(ingest, spl.Row{
			"_raw": string(line), "_time": wanted["_time"], "index": wanted["index"], "host": "forwarder", "source": "/var/log/oversight/splunk.ndjson",
			"sourcetype": "oversight:file",
		})
		if err != nil {
			p.add("INGEST_EVAL: %v", err)
			return
		}
		indexed := wanted[spl.Indexed].([]string)
		delete(wanted, spl.Indexed)
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			if received[name] != wanted[name] {
				p.add("INGEST_EVAL: %s is %.80q, not %.80q", name, received[name], wanted[name])
			}
		}
		if len(received) != len(wanted) {
			p.add("INGEST_EVAL: %d fields, not %d and the indexed %v", len(received), len(wanted), indexed)
		}
	}
}

// checkTime: Splunk finds the time at the beginning of a line, in seconds with three decimals.
func (p *problems) checkTime(stanza *conf.Stanza, line []byte) {
	prefix, err := regexp.Compile(stanza.Get("TIME_PREFIX"))
	if err != nil {
		p.add("TIME_PREFIX: %v", err)
		return
	}
	lookahead, err := strconv.Atoi(stanza.Get("MAX_TIMESTAMP_LOOKAHEAD"))
	if err != nil {
		p.add("MAX_TIMESTAMP_LOOKAHEAD: %v", err)
		return
	}
	at := prefix.FindIndex(line)
	if at == nil || stanza.Get("TIME_FORMAT") != "%s.%3N" || !epoch.Match(line[at[1]:min(at[1]+lookahead, len(line))]) {
		p.add("oversight:file: no time in a line: %.40s", line)
	}
}

// epoch is %s.%3N.
var epoch = regexp.MustCompile(`^-?\d+\.\d{3},`)

// withFields adds every indexed field that docs/fields.md knows to an event.
func withFields(t *testing.T, line []byte, all shapes) []byte {
	t.Helper()
	var event map[string]any
	require.NoError(t, json.Unmarshal(line, &event))
	fields := map[string]string{}
	for name := range all["oversight:beacon"].indexed {
		fields[name] = "value of " + name
	}
	event["fields"] = fields
	text, err := json.Marshal(event)
	require.NoError(t, err)
	return text
}
