// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
)

// What is no OTLP in a topic is counted, told in the log and skipped. The events
// behind it in the partition are delivered.
func TestKafkaGatewayForeignBytes(t *testing.T) {
	t.Parallel()
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("JSON")
	asJSON, err := new(plog.JSONMarshaler).MarshalLogs(logs)
	require.NoError(t, err)
	foreign := map[string][]byte{
		"17 bytes":  []byte("seventeen bytes!!"),
		"garbage":   bytes.Repeat([]byte{0xff, 0x00, 0x7b}, 300_000),
		"OTLP JSON": asJSON,
	}
	s := newGatewaySite(t, 1)
	state := t.TempDir()
	gateway := s.startIn(state)
	s.produce(batch{events: 100})
	for _, value := range foreign {
		s.produceRaw(&kgo.Record{Topic: s.topic, Value: value})
	}
	s.produceRaw(&kgo.Record{Topic: s.topic, Value: []byte{}}, &kgo.Record{Topic: s.topic, Key: []byte("tombstone")})
	s.produce(batch{events: 100})
	assert.Zero(t, requireDelivered(t, s.splunk, s.uids))
	requireDelivered(t, s.elastic, s.uids)
	s.requireCommitted(s.splunkGroup())
	failed, _ := gateway.metric("otelcol_kafka_receiver_unmarshal_failed_log_records")
	assert.InDelta(t, 2*len(foreign), failed, 0, "of two receivers")
	assert.True(t, hasWarning(gateway, "failed to unmarshal message"))
	// To the connector they are messages that it never got.
	eventually(t, equal(gateway, expiredRecords, float64(2*len(foreign))))
	requireHealth(t, gateway, http.StatusInternalServerError)
	gateway.Terminate(gatewayEndsWithin)

	gateway = s.startIn(state)
	s.produce(batch{events: 100})
	assert.Zero(t, requireDelivered(t, s.splunk, s.uids))
	failed, _ = gateway.metric("otelcol_kafka_receiver_unmarshal_failed_log_records")
	assert.Zero(t, failed, "they are not read again")
	gateway.Terminate(gatewayEndsWithin)
}
