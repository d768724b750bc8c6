// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"testing"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// BenchmarkAgrees compares rows with leaves as the registries write them.
func BenchmarkAgrees(b *testing.B) {
	const start = `{"event":"beacon","file_id":"2304eb45-4f1f-46af-8a93-f153297aa16c","kind":"ocsp","recipient_id":`
	const end = `,"source_ip":"198.51.100.7","timestamp":"2026-11-25T14:10:10Z","token_id":"bb9fab2ba82cb2cd54ba1e74fb019df4","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"}`
	row := translator.Event{
		FileID: "2304eb45-4f1f-46af-8a93-f153297aa16c", Kind: "ocsp", RecipientID: "alice@corp.example", SourceIP: "198.51.100.7",
		QualifiedTimestamp: "2026-11-25T14:10:10Z", TokenID: "bb9fab2ba82cb2cd54ba1e74fb019df4", Timestamp: time.Unix(1795615810, 0).UTC(),
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
	}
	name := row
	name.RecipientID = "zoë.müller@corp.example"
	for _, test := range []struct {
		name, leaf string
		row        *translator.Event
	}{
		{"ASCII", start + `"alice@corp.example"` + end, &row},
		{"RFC 8785", start + `"zoë.müller@corp.example"` + end, &name},
		{"Python", start + `"zo\u00eb.m\u00fcller@corp.example"` + end, &name},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			agrees := false
			for b.Loop() {
				agrees = Agrees(test.leaf, test.row)
			}
			b.ReportMetric(map[bool]float64{true: 1}[agrees], "agrees")
		})
	}
}
