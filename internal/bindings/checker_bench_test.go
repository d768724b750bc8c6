// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

type noSource struct{}

func (noSource) Registrations(context.Context, func(*registry.Registrations) error) error {
	return registry.ErrNoRegistrations
}

// BenchmarkCheck checks rows whose bindings are known, and passes a beacon leaf for each.
func BenchmarkCheck(b *testing.B) {
	c := New(noSource{}, nil, time.Now)
	leaf := func(file int) string {
		return fmt.Sprintf(`{"event":"register","file_id":"file-%d","issuer_id":"issuer","issuer_pub":"00","recipient_id":"alice@corp.example"}`, file)
	}
	events := make([]translator.Event, 1000)
	for i := range events {
		c.AddLeaf(leaf(i % 100))
		events[i] = translator.Event{
			TokenID: fmt.Sprintf("475b19ab7ef214a1943ed43ba24%05d", i%400), FileID: fmt.Sprintf("file-%d", i%100),
			RecipientID: "alice@corp.example", IssuerID: "issuer",
		}
	}
	beacon := `{"event":"beacon","file_id":"91d5d9ef-b044-4527-9d17-75a93cdba284","kind":"http_img","recipient_id":"alice@corp.example","source_ip":"192.0.2.7","timestamp":"2026-01-01T00:00:00Z","token_id":"475b19ab7ef214a1943ed43ba2408fe8","user_agent":"curl/8.5.0"}`
	b.Run("rows", func(b *testing.B) {
		for b.Loop() {
			c.Check(b.Context(), events)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/row")
	})
	b.Run("leaves", func(b *testing.B) {
		for b.Loop() {
			c.AddLeaf(beacon)
		}
	})
}
