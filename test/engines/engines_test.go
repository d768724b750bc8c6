// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/kafka"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

// The broker keeps what it accepted when it is killed, and comes back at the same
// address.
func TestBrokerKeepsRecords(t *testing.T) {
	b := broker(t)
	const topic = "keeps-records"
	b.CreateTopic(t, topic, 3, "retention.ms=-1")
	b.Produce(t, &kgo.Record{Topic: topic, Value: []byte("a")})
	b.Kill()
	require.NoError(t, b.Restart(t.Context()))
	b.Produce(t, &kgo.Record{Topic: topic, Value: []byte("b")})
	var values []string
	for _, record := range b.Records(t, topic) {
		values = append(values, string(record.Value))
	}
	assert.ElementsMatch(t, []string{"a", "b"}, values)
	for partition, end := range b.EndOffsets(t, topic) {
		b.DeleteRecords(t, topic, partition, end)
	}
	assert.Empty(t, b.Records(t, topic))
	b.DeleteTopic(t, topic)
}

// A user needs the right password, and may do what an ACL allows.
func TestBrokerChecksAccess(t *testing.T) {
	b := broker(t)
	const topic, user = "checks-access", "access"
	b.CreateTopic(t, topic, 1)
	b.SetPassword(t, user, "right")
	write := kafka.Access{User: user, Topics: []string{topic}, Operations: []kadm.ACLOperation{kadm.OpWrite, kadm.OpDescribe}}
	produce := func(password string) error {
		client := b.Client(t, kgo.SeedBrokers(b.SASLAddress()), kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
		defer client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := client.Ping(ctx); err != nil {
			return err
		}
		return client.ProduceSync(ctx, &kgo.Record{Topic: topic}).FirstErr()
	}
	require.ErrorIs(t, produce("wrong"), kerr.SaslAuthenticationFailed)
	require.ErrorIs(t, produce("right"), kerr.TopicAuthorizationFailed)
	b.Allow(t, write)
	require.NoError(t, produce("right"))
	b.Revoke(t, write)
	require.ErrorIs(t, produce("right"), kerr.TopicAuthorizationFailed)
}

// The node keeps what it accepted when it is killed, also if the answer was lost.
func TestNodeKeepsDocuments(t *testing.T) {
	n := node(t)
	const index = "keeps-documents"
	answer := n.Bulk(t, document(index, "1"))
	require.Equal(t, http.StatusOK, answer.Status, "%s", answer.Body)
	proxy := n.NewProxy(t)
	proxy.Intercept(func(_ http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		opensearch.LoseAnswer(r, forward)
		return true
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, proxy.URL+"/_bulk", strings.NewReader(document(index, "2")))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		response.Body.Close()
	}
	require.ErrorIs(t, err, io.EOF)
	n.Kill()
	require.NoError(t, n.Restart(t.Context()))
	assert.Equal(t, 2, n.Count(t, index, ""))
	assert.Len(t, n.All(t, index), 2)
}

// document returns the lines that make a document.
func document(index, id string) string {
	return fmt.Sprintf(`{"create":{"_index":%q,"_id":%q}}`+"\n"+`{"a":1}`+"\n", index, id)
}
