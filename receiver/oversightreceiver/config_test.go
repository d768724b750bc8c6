// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
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
	return config, confmap.Validate(config)
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
	want.BatchBytes = 500_000
	want.MaxValueBytes = 4096
	want.OnRefusal = RefusalDrop
	want.GiveUp = []int64{7, 12}
	want.StorageID = &storage
	want.RetryConfig.InitialInterval = time.Second
	want.RetryConfig.MaxInterval = 10 * time.Second
	want.OnDatabaseReplaced = ReplacedStop
	want.Recheck.Rate = 500
	want.CheckpointRecords.Interval = 30 * time.Minute
	want.CheckpointRecords.Collector = "collector-1"
	log := want.TransparencyLog.GetOrInsertDefault()
	log.Leaves = "/var/lib/oversight/data/tlog/leaves.jsonl"
	log.PublicKey = "1256872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a324"
	log.Wait = 500 * time.Millisecond
	log.Grace = 30 * time.Second
	head := log.TreeHead.GetOrInsertDefault()
	head.ClientConfig.Endpoint = "https://registry.example.org"
	head.ClientConfig.Timeout = 3 * time.Second
	head.Interval = time.Minute
	assert.Equal(t, want, config)
}

func TestDefaultConfig(t *testing.T) {
	config, err := load(t, "minimal")
	require.NoError(t, err)
	assert.Equal(t, StartAtBeginning, config.StartAt)
	assert.Equal(t, 200*time.Millisecond, config.PollInterval)
	assert.Equal(t, 1000, config.BatchSize)
	assert.Equal(t, 960_000, config.BatchBytes)
	assert.Equal(t, 16_384, config.MaxValueBytes)
	assert.Equal(t, RefusalHold, config.OnRefusal)
	assert.Empty(t, config.GiveUp)
	assert.Nil(t, config.StorageID)
	assert.True(t, config.RetryConfig.Enabled)
	assert.Zero(t, config.RetryConfig.MaxElapsedTime, "forever")
	assert.Equal(t, ReplacedRestart, config.OnDatabaseReplaced)
	assert.Equal(t, 1000, config.Recheck.Rate)
	assert.False(t, config.TransparencyLog.HasValue(), "off unless given")
	assert.Equal(t, time.Hour, config.CheckpointRecords.Interval)
	assert.Empty(t, config.CheckpointRecords.Collector)
}

func TestDefaultTransparencyLog(t *testing.T) {
	config, err := load(t, "tlog_minimal")
	require.NoError(t, err)
	log := config.TransparencyLog.Get()
	require.NotNil(t, log)
	assert.Equal(t, 2*time.Second, log.Wait)
	assert.Equal(t, time.Minute, log.Grace)
	assert.False(t, log.TreeHead.HasValue())
	key, err := log.key(config.RegistryID)
	require.NoError(t, err)
	assert.Nil(t, key, "none is needed")

	head := log.TreeHead.GetOrInsertDefault()
	assert.Equal(t, 5*time.Minute, head.Interval)
	assert.Equal(t, 10*time.Second, head.ClientConfig.Timeout)
	const registryID = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"
	key, err = log.key(registryID)
	require.NoError(t, err)
	assert.Equal(t, registryID, hex.EncodeToString(key))
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
			since, err := registry.ParseTime("`since`", config.Since)
			require.NoError(t, err)
			assert.True(t, want.Equal(since), "%s is not %s", since, want)
		})
	}
}

// Every wrong configuration is refused with the key and the value.
func TestInvalidConfigs(t *testing.T) {
	want := map[string][]string{
		"invalid_no_database":                     {"`database` is required"},
		"invalid_no_registry_id":                  {"`registry_id` is required"},
		"invalid_start_at":                        {"`start_at`", `"middle"`},
		"invalid_since":                           {"`since`", `"yesterday"`},
		"invalid_poll_interval":                   {"`poll_interval`", "0s"},
		"invalid_poll_interval_unit":              {"`poll_interval`", "200ns"},
		"invalid_batch_size":                      {"`batch_size`", "0"},
		"invalid_batch_size_large":                {"`batch_size`", "100001"},
		"invalid_batch_size_text":                 {"batch_size", "expected type 'int'"},
		"invalid_checkpoint_records_interval":     {"checkpoint_records", "`interval`", "3.6µs"},
		"invalid_checkpoint_records_collector":    {"checkpoint_records", "`collector`", "control characters"},
		"invalid_on_database_replaced":            {"`on_database_replaced`", `"panic"`},
		"invalid_unknown_key":                     {"databse"},
		"invalid_retry":                           {"retry_on_failure", "initial_interval"},
		"invalid_retry_unknown_key":               {"retry_on_failure", "max_elapsed"},
		"invalid_storage":                         {"storage", "file storage/"},
		"invalid_database_null":                   {"`database` is required"},
		"invalid_database_tilde":                  {"`database`", `"~"`, "not of a directory"},
		"invalid_database_directory":              {"`database`", `"/var/lib/oversight/"`, "not of a directory"},
		"invalid_database_dot":                    {"`database`", `"."`, "not of a directory"},
		"invalid_database_uri":                    {"`database`", `"file:/var`, "not a URI"},
		"invalid_database_newline":                {"`database`", `sqlite\n"`, "control characters"},
		"invalid_database_list":                   {"database", "expected type 'string'"},
		"invalid_registry_id_upper_case":          {"`registry_id`", "lower case: 056872fe"},
		"invalid_registry_id_short_key":           {"`registry_id`", "63 hex digits"},
		"invalid_registry_id_newline":             {"`registry_id`", `3241\n"`, "line ends"},
		"invalid_registry_id_space":               {"`registry_id`", `"prod "`, "spaces"},
		"invalid_registry_id_null":                {"`registry_id` is required"},
		"invalid_since_milliseconds":              {"`since`", "1767225600000", "milliseconds"},
		"invalid_batch_bytes":                     {"`batch_bytes` is 249999", "from 250000 to 4000000"},
		"invalid_batch_bytes_large":               {"`batch_bytes` is 4000001", "from 250000 to 4000000"},
		"invalid_batch_bytes_text":                {"batch_bytes", "expected type 'int'"},
		"invalid_recheck_rate":                    {"`rate` is -1", "from 0 to 100000"},
		"invalid_max_value_bytes":                 {"`max_value_bytes` is 0", "from 256 to 32766"},
		"invalid_max_value_bytes_large":           {"`max_value_bytes` is 32767", "from 256 to 32766"},
		"invalid_on_refusal":                      {"`on_refusal`", `"retry"`, `"hold" or "drop"`},
		"invalid_give_up_text":                    {"give_up", "expected type 'int64'"},
		"invalid_give_up_one":                     {"giveup"},
		"invalid_retry_max_elapsed_time":          {"`retry_on_failure::max_elapsed_time` is 5m0s", "`on_refusal`"},
		"invalid_retry_max_elapsed_time_disabled": {"`retry_on_failure::max_elapsed_time` is 5m0s", "`on_refusal`"},
		"invalid_retry_initial_interval":          {"`retry_on_failure::initial_interval` is 0s"},
		"invalid_retry_max_interval":              {"`retry_on_failure::max_interval` is 1s", "5s"},
		"invalid_retry_multiplier":                {"`retry_on_failure::multiplier` is 0.5"},
		"invalid_tlog_leaves_directory":           {"transparency_log", "`leaves`", "not of a directory"},
		"invalid_tlog_no_leaves":                  {"transparency_log", "`leaves` is required"},
		"invalid_tlog_unknown_key":                {"transparency_log", "head"},
		"invalid_tlog_public_key":                 {"`transparency_log::public_key`", `"prod"`},
		"invalid_tlog_no_key":                     {"`transparency_log::public_key` is required", `"prod"`},
		"invalid_tlog_wait":                       {"transparency_log", "`wait`", "-1s"},
		"invalid_tlog_grace":                      {"transparency_log", "`grace`", "60ns"},
		"invalid_tlog_endpoint":                   {"transparency_log: tree_head", "`endpoint`", `"registry.example.org"`},
		"invalid_tlog_no_endpoint":                {"transparency_log: tree_head", "`endpoint` is required"},
		"invalid_tlog_endpoint_secret":            {"transparency_log: tree_head", "`endpoint`", "without user"},
		"invalid_tlog_interval":                   {"transparency_log: tree_head", "`interval`", "5ns"},
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

// The ids of `give_up` are kept in the checkpoint.
func TestTooManyIDsToGiveUp(t *testing.T) {
	config := createDefaultConfig().(*Config)
	config.Database, config.RegistryID = "registry.sqlite", "shop"
	config.GiveUp = make([]int64, checkpoint.MaxGiveUp)
	require.NoError(t, config.Validate())
	config.GiveUp = append(config.GiveUp, 1)
	require.ErrorContains(t, config.Validate(), "`give_up` has 5097 ids: must have at most 5096")
}
