// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemprocessor

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config", name+".yaml"))
	require.NoError(t, err)
	config := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(config); err != nil {
		return nil, err
	}
	return config, confmap.Validate(config)
}

func TestConfig(t *testing.T) {
	minimal := func(change func(*siem.Config)) siem.Config {
		c := siem.NewDefaultConfig()
		c.Format = siem.FormatSplunk
		change(&c)
		return c
	}
	for name, want := range map[string]siem.Config{
		"splunk": minimal(func(c *siem.Config) {
			c.Splunk = siem.SplunkConfig{Source: "registry", SourceType: "leak", Index: "leaks", Host: "eu-1"}
			c.Extended = false
		}),
		"ecs": minimal(func(c *siem.Config) {
			c.Format = siem.FormatECS
			c.ECS = siem.ECSConfig{DataStream: siem.DataStreamConfig{Dataset: "leaks", Namespace: "eu"}}
		}),
		"sentinel": minimal(func(c *siem.Config) {
			c.Format = siem.FormatSentinel
			c.Sentinel = siem.SentinelConfig{Layout: siem.LayoutAttributes, CustomEvent: "Oversight"}
		}),
		"minimal": minimal(func(*siem.Config) {}),
	} {
		t.Run(name, func(t *testing.T) {
			config, err := load(t, name)
			require.NoError(t, err)
			assert.Equal(t, want, config.Shape)
		})
	}
}

func TestWrongConfig(t *testing.T) {
	for name, want := range map[string]string{
		"invalid_format":         "`format` is \"cef\": must be one of splunk, ecs, sentinel",
		"invalid_no_format":      "`format` is required: must be one of splunk, ecs, sentinel",
		"invalid_layout":         "`sentinel::layout` is \"rows\": must be \"body\" or \"attributes\"",
		"invalid_custom_event":   "`sentinel::custom_event` is \"Oversight\": requires `sentinel::layout: attributes`",
		"invalid_dataset":        "`ecs::data_stream::dataset` is \"Oversight-Beacon\": must be lower case, without -",
		"invalid_namespace":      "`ecs::data_stream::namespace` must not be empty",
		"invalid_unknown_key":    "sourcetypes",
		"invalid_extended_value": "extended",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, name)
			require.ErrorContains(t, err, want)
		})
	}
}
