// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pipeline"
	"go.yaml.in/yaml/v3"

	"github.com/oversight-protocol/oversight-otelcol/connector/deadletterconnector/internal/metadata"
)

func parse(t *testing.T, text string) (*Config, error) {
	t.Helper()
	values := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &values))
	config := createDefaultConfig().(*Config)
	if err := confmap.NewFromStringMap(values).Unmarshal(config); err != nil {
		return config, err
	}
	return config, errors.Join(config.Validate(), config.BackOffConfig.Validate())
}

func TestConfig(t *testing.T) {
	config, err := parse(t, `
pipelines: [logs/splunk, logs]
refused: [logs/refused]
storage: file_storage/x
retry_on_failure: {initial_interval: 1s, max_interval: 1m}
`)
	require.NoError(t, err)
	assert.Equal(t, []pipeline.ID{pipelineID("splunk"), pipeline.NewID(pipeline.SignalLogs)}, config.Pipelines)
	assert.Equal(t, []pipeline.ID{pipelineID("refused")}, config.Refused)
	assert.Equal(t, component.MustNewIDWithName("file_storage", "x"), *config.StorageID)
	assert.True(t, config.Enabled)
	assert.Equal(t, time.Minute, config.MaxInterval)
	assert.Zero(t, config.MaxElapsedTime)
	assert.InEpsilon(t, 1.5, config.Multiplier, 0.01)
}

func TestConfigErrors(t *testing.T) {
	const good = "pipelines: [logs/a]\nrefused: [logs/r]\n"
	for want, text := range map[string]string{
		"`pipelines` is required":                                             "refused: [logs/r]",
		"`refused` is required":                                               "pipelines: [logs/a]",
		"`pipelines` contains \"traces\": must be logs pipelines":             "pipelines: [traces]\nrefused: [logs/r]",
		"`refused` contains \"logs/a\", which `pipelines` contains already":   "pipelines: [logs/a]\nrefused: [logs/a]",
		"`pipelines` contains \"logs/a\", which `pipelines` contains already": "pipelines: [logs/a, logs/a]\nrefused: [logs/r]",
		"`retry_on_failure::enabled` is false":                                good + "retry_on_failure: {enabled: false}",
		"`retry_on_failure::max_elapsed_time` is 1h0m0s: must be 0":           good + "retry_on_failure: {max_elapsed_time: 1h}",
		"`retry_on_failure::initial_interval` is 5ns: must be at least 10ms":  good + "retry_on_failure: {initial_interval: 5}",
		"`retry_on_failure::max_interval` is 1s: must be at least":            good + "retry_on_failure: {max_interval: 1s}",
		"`retry_on_failure::multiplier` is 0.5: must be at least 1":           good + "retry_on_failure: {multiplier: 0.5}",
		"randomization_factor":                                                good + "retry_on_failure: {randomization_factor: 2}",
		"`report_expired` is \"no\": must be always, session or never":        good + "report_expired: \"no\"",
		"has invalid keys: pipeline":                                          good + "pipeline: logs/a",
	} {
		_, err := parse(t, text)
		require.ErrorContains(t, err, want)
	}
}

// The pipelines that have the connector as a receiver are those that it is configured
// with: a typing error shows at start, and no pipeline gets nothing in silence.
func TestPipelinesOfTheConfiguration(t *testing.T) {
	config := createDefaultConfig().(*Config)
	config.Pipelines, config.Refused = []pipeline.ID{pipelineID("a")}, []pipeline.ID{pipelineID("r")}
	next := func(names ...string) consumer.Logs {
		consumers := map[pipeline.ID]consumer.Logs{}
		for _, name := range names {
			consumers[pipelineID(name)] = consumertest.NewNop()
		}
		return connector.NewLogsRouter(consumers)
	}
	create := func(next consumer.Logs) error {
		_, err := NewFactory().CreateLogsToLogs(t.Context(), connectortest.NewNopSettings(metadata.Type), config, next)
		return err
	}
	require.NoError(t, create(next("a", "r")))
	require.ErrorContains(t, create(next("a")), `"logs/r" is in `)
	require.ErrorContains(t, create(next("a", "r", "b")), `this connector is a receiver of "logs/b"`)
	require.ErrorContains(t, create(consumertest.NewNop()), "no pipelines to choose from")
}
