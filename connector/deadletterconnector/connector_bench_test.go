// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/oversight-protocol/oversight-otelcol/connector/deadletterconnector/internal/metadata"
)

// BenchmarkConsumeLogs is what a record costs that is accepted at once, in a message of
// one and of many.
func BenchmarkConsumeLogs(b *testing.B) {
	for _, records := range []int{1, 640} {
		b.Run(fmt.Sprint(records), func(b *testing.B) {
			config := createDefaultConfig().(*Config)
			config.Pipelines, config.Refused = []pipeline.ID{pipelineID("a")}, []pipeline.ID{pipelineID("r")}
			c, err := NewFactory().CreateLogsToLogs(b.Context(), connectortest.NewNopSettings(metadata.Type), config,
				connector.NewLogsRouter(map[pipeline.ID]consumer.Logs{
					pipelineID("a"): consumertest.NewNop(), pipelineID("r"): consumertest.NewNop(),
				}))
			require.NoError(b, err)
			require.NoError(b, c.Start(b.Context(), componenttest.NewNopHost()))
			logs := logsOf(numbered("0123456789abcdef-", records)...)
			for _, r := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
				for i := range 12 {
					r.Attributes().PutStr(fmt.Sprintf("oversight.attribute.%d", i), "a value of ordinary length")
				}
			}
			ctx := kafkaContext(b.Context(), "t", 0, 1)
			for b.Loop() {
				require.NoError(b, c.ConsumeLogs(ctx, logs))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*records), "ns/record")
			require.NoError(b, c.Shutdown(b.Context()))
		})
	}
}
