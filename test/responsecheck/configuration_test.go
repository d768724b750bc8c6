// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheck

import (
	"context"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/azuremonitorexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/elasticsearchexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/splunkhecexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/extension/responsecheckextension"
)

// effective returns a configuration as the collector hands it to extensions: what the
// components made of it, with defaults.
func effective(t *testing.T, factory exporter.Factory, settings map[string]any) *confmap.Conf {
	t.Helper()
	return effectiveFrom(t, "oversight", factory, settings)
}

// effectiveFrom is [effective] with another receiver.
func effectiveFrom(t *testing.T, receiver string, factory exporter.Factory, settings map[string]any) *confmap.Conf {
	t.Helper()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	id := component.NewID(factory.Type())
	conf := confmap.New()
	require.NoError(t, conf.Marshal(map[string]any{
		"receivers": map[string]any{receiver: map[string]any{"storage": "file_storage"}},
		"exporters": map[component.ID]component.Config{id: cfg},
		"service": map[string]any{"pipelines": map[string]any{"logs": map[string]any{
			"receivers": []component.ID{component.MustNewID(receiver)}, "exporters": []component.ID{id},
		}}},
	}))
	return conf
}

// problems returns the problems that the extension logs about a configuration.
func problems(t *testing.T, conf *confmap.Conf) []string {
	t.Helper()
	factory := responsecheckextension.NewFactory()
	core, logs := observer.New(zap.WarnLevel)
	set := extensiontest.NewNopSettings(factory.Type())
	set.Logger = zap.New(core)
	ext, err := factory.Create(t.Context(), set, factory.CreateDefaultConfig())
	require.NoError(t, err)
	defer func() { require.NoError(t, ext.Shutdown(context.Background())) }()
	require.NoError(t, ext.(extensioncapabilities.ConfigWatcher).NotifyConfig(t.Context(), conf))
	var all []string
	for _, line := range logs.All() {
		all = append(all, line.ContextMap()["problem"].(string))
	}
	return all
}

func TestWarningsAboutTheExportersDefaults(t *testing.T) {
	const (
		notChecked = "answers are not checked: a redirect or a login page counts as success"
		queue      = "the queue reports success before events are sent: a crash, or an error that is not retried, loses them"
		retry      = "the exporter retries by itself for 5m0s before the receiver learns why events are refused"
	)
	for _, test := range []struct {
		factory exporter.Factory
		want    []string
	}{
		{factory: splunkhecexporter.NewFactory(), want: []string{notChecked, retry, queue}},
		{factory: otlpexporter.NewFactory(), want: []string{notChecked, retry, queue}},
		{factory: otlphttpexporter.NewFactory(), want: []string{notChecked, retry, queue}},
		{factory: elasticsearchexporter.NewFactory(), want: []string{
			notChecked, "the exporter retries by itself, and the receiver does not learn why events are refused", queue,
		}},
		{factory: azuremonitorexporter.NewFactory(), want: []string{notChecked, "it reports success before it sends: an outage or a crash loses events"}},
	} {
		t.Run(test.factory.Type().String(), func(t *testing.T) {
			assert.ElementsMatch(t, test.want, problems(t, effective(t, test.factory, nil)))
		})
	}
}

func TestNoWarningsAboutTheShippedSettings(t *testing.T) {
	middlewares := []any{map[string]any{"id": "responsecheck"}}
	for _, test := range []struct {
		factory  exporter.Factory
		settings map[string]any
	}{
		{factory: splunkhecexporter.NewFactory(), settings: hecSettings("https://localhost")},
		{factory: otlpexporter.NewFactory(), settings: otlpSettings("localhost:4317")},
		{factory: otlphttpexporter.NewFactory(), settings: otlpSettings("https://localhost")},
		{factory: elasticsearchexporter.NewFactory(), settings: elasticsearchSettings("https://localhost")},
	} {
		t.Run(test.factory.Type().String(), func(t *testing.T) {
			test.settings["middlewares"] = middlewares
			assert.Empty(t, problems(t, effective(t, test.factory, test.settings)))
		})
	}
	settings := elasticsearchSettings("https://localhost")
	assert.Equal(t, []string{"documents that Elasticsearch refuses are dropped and count as sent, because answers are not checked"},
		problems(t, effective(t, elasticsearchexporter.NewFactory(), settings)))
}
