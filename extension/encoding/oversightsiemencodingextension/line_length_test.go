// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/oversight-protocol/oversight-otelcol/translator"
	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// One long line does not make the batches after it allocate as much for each of
// theirs.
func TestLongLineIsForgotten(t *testing.T) {
	marshaler := newMarshaler(t, func(c *siem.Config) { c.Format = siem.FormatECS })
	ordinary := sample(t, "registry")
	text, err := marshaler.MarshalLogs(ordinary)
	require.NoError(t, err)

	long := plog.NewLogs()
	(&translator.Event{Kind: "dns", UserAgent: strings.Repeat("x", 150_000)}).ToLogRecord(
		long.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	for range 10 {
		_, err = marshaler.MarshalLogs(long)
		require.NoError(t, err)
	}

	after, err := marshaler.MarshalLogs(ordinary)
	require.NoError(t, err)
	assert.Equal(t, text, after)
	assert.LessOrEqual(t, cap(after), 8*len(text), "bytes allocated for the first batch after the long lines")
	assert.LessOrEqual(t, (&lineLength{}).estimate(1_000_000), maxText)
	for range 10 {
		after, err = marshaler.MarshalLogs(ordinary)
		require.NoError(t, err)
	}
	assert.LessOrEqual(t, cap(after), 2*len(text), "bytes allocated when the estimate follows ordinary lines")
}
