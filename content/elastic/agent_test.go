// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package elastic_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/ecs"
)

// Filebeat and the Agent recognize a file by its first bytes, and wait until it has so
// many. The shortest line is not shorter, and the uid, which tells two files apart, is
// within.
func TestShortestLineIsRead(t *testing.T) {
	length, err := strconv.Atoi(find(t, `(?s)name: fingerprint_length.*?default: (\d+)`, "package", "oversight", "data_stream", "beacon", "manifest.yml"))
	require.NoError(t, err)
	assert.Equal(t, strconv.Itoa(length), find(t, `prospector\.scanner\.fingerprint\.length: (\d+)`, "..", "..", "docs", "elastic.md"))

	const uid = "00112233445566778899aabbccddeeff"
	now := time.Unix(1767225600, 0)
	shape := ecs.Translator{Extended: true}
	for _, shortest := range []translator.Document{
		{Event: &translator.Event{RegistryID: "r", ID: 1, UID: uid, Kind: "k", Timestamp: now, Observed: now}},
		{Integrity: &translator.Integrity{RegistryID: "r", Kind: translator.IntegrityRowDeleted, UID: uid, Message: "m", Observed: now}},
		{Checkpoint: &translator.Checkpoint{RegistryID: "r", UID: uid, Message: "m", Observed: now, Collector: "c", Receiver: "r", Reason: "shutdown"}},
	} {
		line := string(shape.AppendJSON(nil, &shortest))
		require.GreaterOrEqual(t, len(line), length)
		assert.Less(t, strings.Index(line, uid)+len(uid), length)
		assert.Contains(t, line, uid)
	}
}
