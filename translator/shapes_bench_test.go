// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package translator_test

import (
	"testing"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// BenchmarkShapes writes the sample's 600 events as JSON, from events and from log
// records. Compare ns/event.
func BenchmarkShapes(b *testing.B) {
	events := sample(b, "registry")
	for name, s := range shapes(true) {
		b.Run(name+"/event", func(b *testing.B) {
			var buffer []byte
			var document translator.Document
			b.ReportAllocs()
			for b.Loop() {
				for i := range events {
					document.Event = &events[i]
					buffer = s.json.AppendJSON(buffer[:0], &document)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
		b.Run(name+"/record", func(b *testing.B) {
			resource, records := toRecords(events)
			var buffer []byte
			var document translator.Document
			b.ReportAllocs()
			for b.Loop() {
				for _, record := range records {
					document.SetLogRecord(resource, record)
					buffer = s.json.AppendJSON(buffer[:0], &document)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}
