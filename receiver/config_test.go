// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
)

// load reads a configuration as the collector does.
func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config", name+".yaml"))
	require.NoError(t, err)
	config := NewFactory().CreateDefaultConfig().(*Config)
	if err := conf.Unmarshal(config); err != nil {
		return config, err
	}
	return config, xconfmap.Validate(config)
}

func TestFullConfig(t *testing.T) {
	config, err := load(t, "full")
	require.NoError(t, err)
	storage := component.MustNewIDWithName("file_storage", "oversight")
	want := createDefaultConfig().(*Config)
	want.Database = "/var/lib/oversight/registry.sqlite"
	want.RegistryID = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"
	want.StartAt = StartAtEnd
	want.Since = "2026-01-31T00:00:00Z"
	want.PollInterval = time.Second
	want.BatchSize = 50
	want.StorageID = &storage
	want.InitialInterval = time.Second
	want.MaxInterval = 10 * time.Second
	want.MaxElapsedTime = time.Hour
	want.OnDatabaseReplaced = ReplacedStop
	assert.Equal(t, want, config)
}

func TestDefaultConfig(t *testing.T) {
	config, err := load(t, "minimal")
	require.NoError(t, err)
	assert.Equal(t, StartAtBeginning, config.StartAt)
	assert.Equal(t, 200*time.Millisecond, config.PollInterval)
	assert.Equal(t, 1000, config.BatchSize)
	assert.Nil(t, config.StorageID)
	assert.True(t, config.Enabled)
	assert.Zero(t, config.MaxElapsedTime, "for ever")
	assert.Equal(t, ReplacedRestart, config.OnDatabaseReplaced)
}

func TestSinceInAllForms(t *testing.T) {
	for name, want := range map[string]time.Time{
		"since_seconds": time.Unix(1735000000, 0),
		"since_quoted":  time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
		"full":          time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC),
		"minimal":       {},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := load(t, name)
			require.NoError(t, err)
			since, err := parseSince(config.Since)
			require.NoError(t, err)
			assert.True(t, want.Equal(since), "%s is not %s", since, want)
		})
	}
}

// Every wrong configuration is refused with the key and the value.
func TestInvalidConfigs(t *testing.T) {
	want := map[string][]string{
		"invalid_no_database":          {"`database` is required"},
		"invalid_no_registry_id":       {"`registry_id` is required"},
		"invalid_start_at":             {"`start_at`", `"middle"`},
		"invalid_since":                {"`since`", `"yesterday"`},
		"invalid_poll_interval":        {"`poll_interval`", "0s"},
		"invalid_poll_interval_unit":   {"`poll_interval`", "200ns"},
		"invalid_batch_size":           {"`batch_size`", "0"},
		"invalid_batch_size_large":     {"`batch_size`", "100001"},
		"invalid_batch_size_text":      {"batch_size", "expected type 'int'"},
		"invalid_on_database_replaced": {"`on_database_replaced`", `"panic"`},
		"invalid_unknown_key":          {"databse"},
		"invalid_retry":                {"retry_on_failure", "initial_interval"},
		"invalid_retry_unknown_key":    {"retry_on_failure", "max_elapsed"},
		"invalid_storage":              {"storage", "file storage/"},
	}
	files, err := filepath.Glob(filepath.Join("testdata", "config", "invalid_*.yaml"))
	require.NoError(t, err)
	assert.Len(t, files, len(want))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			require.Contains(t, want, name)
			_, err := load(t, name)
			for _, part := range want[name] {
				require.ErrorContains(t, err, part)
			}
		})
	}
}
