// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// batch is the events of ids from first to last, as the receiver delivers them.
func batch(first, last int64) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for id := first; id <= last; id++ {
		(&translator.Event{ID: id, UID: fmt.Sprintf("%032x", id), Kind: "dns"}).ToLogRecord(records.AppendEmpty())
	}
	return logs
}

func reduced(id int64) plog.Logs {
	logs := plog.NewLogs()
	e := translator.Event{ID: id, UID: fmt.Sprintf("%032x", id), Kind: "dns"}
	e.Reduce()
	e.ToLogRecord(logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	return logs
}

// file writes as the file exporter does: the text, and a line end after it. It can
// write only a part of them, as on a full disk.
type file struct {
	bytes.Buffer
	room int // how many bytes it still takes; -1: any number
}

func (f *file) export(t *testing.T, marshaler plog.Marshaler, logs plog.Logs) {
	t.Helper()
	text, err := marshaler.MarshalLogs(logs)
	require.NoError(t, err)
	text = append(text, '\n')
	if f.room >= 0 {
		text = text[:min(f.room, len(text))]
	}
	f.Write(text)
}

// ids are the events that a reader of lines finds, who skips what is no JSON.
func (f *file) ids(t *testing.T, format string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for line := range bytes.Lines(f.Bytes()) {
		if format == FormatOTel {
			if logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line); err == nil && logs.LogRecordCount() > 0 {
				id, _ := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(translator.AttributeEventID)
				found[id.Str()] = true
			}
			continue
		}
		var document map[string]any
		if json.Unmarshal(line, &document) == nil {
			found[document["EventId"].(string)] = true
		}
	}
	return found
}

// A line that was cut, wherever it was, never takes another event with it.
func TestCutLineTakesNoOther(t *testing.T) {
	for _, format := range []string{siem.FormatSentinel, FormatOTel} {
		for name, next := range map[string][]plog.Logs{
			"the same again":      {batch(1, 3), batch(4, 6)},
			"a part of the same":  {batch(1, 1), batch(2, 3), batch(4, 6)},
			"failed again, other": {{}, {}, batch(2, 2), batch(1, 1), batch(3, 6)},
			"reduced":             {reduced(1), batch(1, 3), batch(4, 6)},
		} {
			for room := 0; room < 700; room += 7 {
				marshaler := newMarshaler(t, func(c *siem.Config) { c.Format = format })
				f := &file{room: -1}
				f.export(t, marshaler, batch(100, 100))
				f.room = room
				f.export(t, marshaler, batch(1, 3))
				for _, logs := range next {
					if logs == (plog.Logs{}) {
						f.export(t, marshaler, batch(1, 1)) // fails as well
						continue
					}
					f.room = -1
					f.export(t, marshaler, logs)
				}
				ids := f.ids(t, format)
				for _, id := range []string{"100", "1", "2", "3", "4", "5", "6"} {
					require.True(t, ids[id], "%s, %s: %s after a text cut at %d:\n%s", format, name, id, room, f.String())
				}
			}
		}
	}
}

// A collector that starts does not continue the line that the one before it left.
func TestCutLineBeforeStart(t *testing.T) {
	f := &file{room: 50}
	f.export(t, newMarshaler(t, func(c *siem.Config) { c.Format = siem.FormatSentinel }), batch(1, 1))
	f.room = -1
	f.export(t, newMarshaler(t, func(c *siem.Config) { c.Format = siem.FormatSentinel }), batch(1, 2))
	assert.Equal(t, map[string]bool{"1": true, "2": true}, f.ids(t, siem.FormatSentinel))
}

// While nothing fails, there is one empty line, at the start.
func TestNoEmptyLines(t *testing.T) {
	f := &file{room: -1}
	marshaler := newMarshaler(t, func(c *siem.Config) { c.Format = siem.FormatSentinel })
	for id := range int64(1000) {
		f.export(t, marshaler, batch(id+1, id+1))
	}
	assert.Equal(t, 1001, bytes.Count(f.Bytes(), []byte("\n")))
	assert.Equal(t, byte('\n'), f.Bytes()[0])
}

// Findings may go to another file than events, and another registry's events, too.
func TestCutLineOfEachStream(t *testing.T) {
	marshaler := newMarshaler(t, func(c *siem.Config) { c.Format = siem.FormatSentinel })
	other := batch(3, 3)
	translator.SetResource(other.ResourceLogs().At(0).Resource(), "other")
	finding := plog.NewLogs()
	(&translator.Integrity{Kind: translator.IntegrityRowMismatch}).ToLogRecord(
		finding.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	for name, logs := range map[string]plog.Logs{"events": batch(1, 1), "another registry": other, "findings": finding} {
		text, err := marshaler.MarshalLogs(logs)
		require.NoError(t, err)
		assert.Equal(t, byte('\n'), text[0], name)
	}
	text, err := marshaler.MarshalLogs(batch(2, 2))
	require.NoError(t, err)
	assert.Equal(t, byte('{'), text[0])
}
