// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

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
	for name, change := range map[string]func(*siem.Config){
		"minimal": func(c *siem.Config) { c.Format = siem.FormatECS },
		"otel":    func(c *siem.Config) { c.Format = FormatOTel },
		"splunk": func(c *siem.Config) {
			c.Format, c.Extended = siem.FormatSplunk, false
			c.Splunk = siem.SplunkConfig{Source: "registry", SourceType: "leak", Index: "leaks", Host: "eu-1"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := load(t, name)
			require.NoError(t, err)
			want := siem.NewDefaultConfig()
			change(&want)
			assert.Equal(t, want, config.Shape)
		})
	}
}

func TestWrongConfig(t *testing.T) {
	for name, want := range map[string]string{
		"invalid_format":      "`format` is \"cef\": must be one of splunk, ecs, sentinel, otel",
		"invalid_no_format":   "`format` is required: must be one of splunk, ecs, sentinel, otel",
		"invalid_layout":      "`sentinel::layout` is \"attributes\": must be \"body\" in an encoding",
		"invalid_unknown_key": "pretty",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, name)
			require.ErrorContains(t, err, want)
		})
	}
}
