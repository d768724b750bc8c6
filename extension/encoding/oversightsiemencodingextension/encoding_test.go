// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/extension/encoding/oversightsiemencodingextension/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

func newMarshaler(t testing.TB, change func(*siem.Config)) plog.Marshaler {
	t.Helper()
	config := createDefaultConfig().(*Config)
	change(&config.Shape)
	extension, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), config)
	require.NoError(t, err)
	return extension.(plog.Marshaler)
}

// registries has the sample databases, and the ids that their vectors have.
var registries = map[string]string{
	"edge":     strings.Repeat("deadbeef", 8),
	"registry": "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241",
}

// sample is a database as log records, in the order of the vectors and without the
// time at which it was read, which the vectors do not have.
func sample(t testing.TB, name string) plog.Logs {
	t.Helper()
	reader := registry.Open(registry.Settings{
		Path:       filepath.Join("..", "..", "..", "testdata", name+".sqlite"),
		RegistryID: registries[name],
		Now:        func() time.Time { return time.Time{} },
	})
	defer reader.Close()
	batch, err := reader.Read(t.Context(), registry.Cursor{}, 1000, nil)
	require.NoError(t, err)
	slices.SortStableFunc(batch.Events, func(a, b translator.Event) int { return a.Timestamp.Compare(b.Timestamp) })
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	translator.SetResource(resource.Resource(), batch.Events[0].RegistryID)
	records := resource.ScopeLogs().AppendEmpty().LogRecords()
	for i := range batch.Events {
		batch.Events[i].ToLogRecord(records.AppendEmpty())
	}
	return logs
}

func TestVectors(t *testing.T) {
	for name := range registries {
		for _, format := range siem.Formats() {
			t.Run(name+"."+format, func(t *testing.T) {
				text, err := newMarshaler(t, func(c *siem.Config) { c.Format, c.Extended = format, false }).MarshalLogs(sample(t, name))
				require.NoError(t, err)
				vectors, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "vectors", name+"."+format+".jsonl"))
				require.NoError(t, err)
				want, got := bytes.Split(bytes.TrimSpace(vectors), []byte("\n")), bytes.Split(text, []byte("\n"))[1:] // it begins with a line end
				require.Len(t, got, len(want))
				for i := range want {
					require.JSONEq(t, string(want[i]), string(got[i]))
				}
			})
		}
	}
}

func TestOTelLinesAreRequests(t *testing.T) {
	logs := sample(t, "registry")
	text, err := newMarshaler(t, func(c *siem.Config) { c.Format = FormatOTel }).MarshalLogs(logs)
	require.NoError(t, err)
	lines := bytes.Split(text, []byte("\n"))[1:] // it begins with a line end
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	require.Len(t, lines, records.Len())
	for i, line := range lines {
		one, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		require.Equal(t, 1, one.LogRecordCount())
		resource := one.ResourceLogs().At(0)
		e, _ := translator.FromLogRecord(resource.Resource(), resource.ScopeLogs().At(0).LogRecords().At(0))
		want, _ := translator.FromLogRecord(logs.ResourceLogs().At(0).Resource(), records.At(i))
		require.Equal(t, want, e)
	}
}

// A finding is the same line, extended or not.
func TestFindings(t *testing.T) {
	records, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "integrity", "otel.jsonl"))
	require.NoError(t, err)
	logs := plog.NewLogs()
	for line := range bytes.Lines(records) {
		one, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
		require.NoError(t, err)
		one.ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
	}
	for _, format := range append(siem.Formats(), FormatOTel) {
		for _, extended := range []bool{true, false} {
			text, err := newMarshaler(t, func(c *siem.Config) { c.Format, c.Extended = format, extended }).MarshalLogs(logs)
			require.NoError(t, err)
			want, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "integrity", format+".jsonl"))
			require.NoError(t, err)
			assert.Equal(t, "\n"+string(want), string(text)+"\n", format)
		}
	}
}

// Records that hold neither an event nor a finding become lines, too.
func TestOtherRecords(t *testing.T) {
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("other")
	for _, format := range siem.Formats() {
		text, err := newMarshaler(t, func(c *siem.Config) { c.Format = format }).MarshalLogs(logs)
		require.NoError(t, err)
		assert.JSONEq(t, `{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"body":{"stringValue":"other"}}]}]}]}`, string(text))
	}
}

func TestNoRecords(t *testing.T) {
	text, err := newMarshaler(t, func(c *siem.Config) { c.Format = siem.FormatECS }).MarshalLogs(plog.NewLogs())
	require.NoError(t, err)
	assert.Empty(t, text)
}

func BenchmarkMarshalLogs(b *testing.B) {
	logs := sample(b, "registry")
	for _, format := range append(siem.Formats(), FormatOTel) {
		b.Run(format, func(b *testing.B) {
			marshaler := newMarshaler(b, func(c *siem.Config) { c.Format = format })
			b.ReportAllocs()
			for b.Loop() {
				_, err := marshaler.MarshalLogs(logs)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*logs.LogRecordCount()), "ns/event")
		})
	}
}

// A line of OTLP JSON has no character at which readers split, and the same values.
func TestOTelLinesAreSafe(t *testing.T) {
	const text = "a\u0085b\u2028c\u2029d\u202ee\u009bf\x7f"
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(text)
	line, err := newMarshaler(t, func(c *siem.Config) { c.Format = FormatOTel }).MarshalLogs(logs)
	require.NoError(t, err)
	assert.Equal(t, -1, bytes.IndexFunc(line[1:], func(r rune) bool { return r < ' ' || r >= 0x7f }), "%q", line)
	read, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
	require.NoError(t, err)
	assert.Equal(t, text, read.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
}
