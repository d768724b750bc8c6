// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package azurelogsingestionexporter

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/exporter/azurelogsingestionexporter/internal/metadata"
)

const benchRows = 10_000

// benchLogs is rows of 17 columns and about 700 bytes.
func benchLogs() plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range benchRows {
		row := records.AppendEmpty().Body().SetEmptyMap()
		row.PutStr("TimeGenerated", "2026-01-31T12:30:15Z")
		row.PutStr("EventUid", fmt.Sprintf("%032x", i))
		row.PutInt("TlogIndex", int64(i))
		row.PutStr("UserAgent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36")
		row.PutStr("ExtraJson", `{"qname":"a1b2c3d4.t.example.org","qtype":"A","resolver":"203.0.113.7"}`)
		for column := range 12 {
			row.PutStr(fmt.Sprintf("Column%02d", column), fmt.Sprintf("value %d of row %d", column, i))
		}
	}
	return logs
}

// One row from the record to JSON.
func BenchmarkEncode(b *testing.B) {
	logs := benchLogs()
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	buffer := getRequestBuffer()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if i%1000 == 0 {
			buffer.reset()
		}
		buffer.appendRow(records.At(i%benchRows), i)
		i++
	}
	b.SetBytes(int64(len(buffer.buf) / len(buffer.rows)))
}

// From records to answered requests, with a server in the same process that
// only reads them.
func BenchmarkPush(b *testing.B) {
	for _, compression := range []configcompression.Type{"gzip", "none"} {
		b.Run(string(compression), func(b *testing.B) { benchmarkPush(b, compression) })
	}
}

func benchmarkPush(b *testing.B, compression configcompression.Type) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	config := createDefaultConfig().(*Config)
	config.ClientConfig.Endpoint = server.URL
	config.RuleID = testRule
	config.StreamName = testStream
	config.ClientConfig.Compression = compression
	e, err := newLogsExporter(exportertest.NewNopSettings(metadata.Type), config)
	require.NoError(b, err)
	require.NoError(b, e.start(b.Context(), componenttest.NewNopHost()))
	logs := benchLogs()
	b.ReportAllocs()
	for b.Loop() {
		if err := e.push(b.Context(), logs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(benchRows*b.N)/b.Elapsed().Seconds(), "rows/s")
	require.NoError(b, e.shutdown(b.Context()))
}
