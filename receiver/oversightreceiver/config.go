// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Values of [Config.StartAt].
const (
	// StartAtBeginning reads every row that the table holds.
	StartAtBeginning = "beginning"
	// StartAtEnd skips the rows that are there at the first start.
	StartAtEnd = "end"
)

// Values of [Config.OnDatabaseReplaced].
const (
	// ReplacedRestart reads the new database from its beginning.
	ReplacedRestart = "restart"
	// ReplacedStop reports a permanent error and sends nothing more.
	ReplacedStop = "stop"
)

// Values of [Config.OnRefusal].
const (
	// RefusalHold keeps a refused event in quarantine and retries it.
	RefusalHold = "hold"
	// RefusalDrop drops a refused event.
	RefusalDrop = "drop"
)

// Config is what a user writes below `receivers: oversight:`.
type Config struct {
	// Database is the path of the registry's SQLite file. The reader needs
	// permission to read the file, and the -wal and -shm files beside it while
	// they exist, and to search the directory; it writes nothing there.
	// The file need not exist yet. Required.
	Database string `mapstructure:"database"`

	// RegistryID names the registry: its Ed25519 public key as 64 hex digits in
	// lower case (`ed25519_pub` of GET /.well-known/oversight-registry), or a short
	// id of the operator's choice without spaces. It becomes the resource attribute
	// oversight.registry.id, and part of every log.record.uid. Required.
	RegistryID string `mapstructure:"registry_id"`

	// StartAt is where reading starts when there is no checkpoint: `beginning`
	// (the default) or `end`.
	StartAt string `mapstructure:"start_at"`

	// Since skips rows whose timestamp is older: RFC 3339, or unix
	// seconds. Rows without a usable timestamp are delivered. Default: none.
	Since string `mapstructure:"since"`

	// PollInterval is the time between two checks of an unchanged database.
	// A full batch is followed by the next one at once.
	// Default 200ms; at least 1ms.
	PollInterval time.Duration `mapstructure:"poll_interval"`

	// BatchSize is the most rows that are read and delivered together, and the most
	// that may be delivered twice after a crash.
	// Default 1000; from 1 to 100000.
	BatchSize int `mapstructure:"batch_size"`

	// BatchBytes is the most bytes that the rows that are delivered together take,
	// uncompressed; [translator.Event.EncodedSize] says in which forms, and the README
	// which take more. A single row takes at most 250000. Default 960000, so that a
	// request passes a limit of 1000000 bytes; from 250000 to 4000000, which OTLP still
	// accepts if no processor has converted the events.
	BatchBytes int `mapstructure:"batch_bytes"`

	// MaxValueBytes is the longest value of a column that is delivered, in bytes.
	// Longer ones are cut, and so are those of a row that would take more than 250000
	// bytes; the attribute oversight.truncated names their columns. The
	// log.record.uid and the check against the transparency log are of the whole
	// value. Default 16384; from 256 to 32766, the longest that Elasticsearch indexes.
	MaxValueBytes int `mapstructure:"max_value_bytes"`

	// OnRefusal says what to do with an event that a destination refuses, in its
	// reduced form too, while it accepts others: `hold` (the default) keeps it in
	// quarantine and retries it every hour, `drop` drops it. Either way it is logged
	// and counted, and later events are delivered.
	OnRefusal string `mapstructure:"on_refusal"`

	// GiveUp are the ids of refused events that are not retried any more, because
	// somebody has delivered them by hand. Each is applied once, at the first start
	// that finds it here: an event that is refused later and has the same id is kept.
	// At most 5096. Default: none.
	GiveUp []int64 `mapstructure:"give_up"`

	// StorageID names the storage extension that keeps the checkpoint. Without
	// it, each start begins where start_at says. Default: none.
	StorageID *component.ID `mapstructure:"storage"`

	// RetryConfig says how a batch that the pipeline did not accept is retried.
	// Default: enabled, from 5s to 30s apart, without end. Disabled, the batch is
	// retried at the next poll. max_elapsed_time must be 0: no batch is dropped.
	RetryConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// OnDatabaseReplaced says what to do when the file turns out to be another
	// database than the checkpoint was made for, such as a restored backup:
	// `restart` (the default) reads it from its beginning, `stop` reports a
	// permanent error as component status and sends nothing more.
	OnDatabaseReplaced string `mapstructure:"on_database_replaced"`

	// Recheck is the check of rows that were delivered, in the background. Default: on.
	Recheck RecheckConfig `mapstructure:"recheck"`

	// TransparencyLog makes the receiver check every event against the
	// registry's transparency log. Default: none, and nothing is checked.
	TransparencyLog configoptional.Optional[TransparencyLogConfig] `mapstructure:"transparency_log"`

	// CheckpointRecords says how often the receiver reports what it has delivered and
	// verified. Default: every hour and at shutdown.
	CheckpointRecords CheckpointRecordsConfig `mapstructure:"checkpoint_records"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

// minPollInterval catches numbers without a unit, which are nanoseconds.
const minPollInterval = time.Millisecond

// maxBatchSize bounds what may be delivered twice, and the work for one refused row.
const maxBatchSize = 100_000

const (
	// maxBatchBytes keeps a request below the 4 MiB that OTLP servers accept.
	maxBatchBytes = 4_000_000
	// minValueBytes keeps keys, addresses and tokens whole.
	minValueBytes = 256
	// maxValueBytes is the longest term that Lucene, and so Elasticsearch, indexes.
	maxValueBytes = 32_766
)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // the database keeps the rows: there is no reason to give up
	return &Config{
		StartAt:            StartAtBeginning,
		PollInterval:       200 * time.Millisecond,
		BatchSize:          1000,
		BatchBytes:         translator.DefaultBatchBytes,
		MaxValueBytes:      translator.DefaultMaxValueBytes,
		OnRefusal:          RefusalHold,
		RetryConfig:        retry,
		OnDatabaseReplaced: ReplacedRestart,
		Recheck:            RecheckConfig{Rate: defaultRecheckRate},
		TransparencyLog:    defaultTransparencyLog(),
		CheckpointRecords:  CheckpointRecordsConfig{Interval: defaultCheckpointInterval},
	}
}

// Unmarshal lets `since` be written without quotes: YAML reads bare unix
// seconds as a number and a bare RFC 3339 time as a timestamp.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if conf == nil {
		return nil
	}
	if text, ok := sinceText(conf.Get("since")); ok {
		if err := conf.Merge(confmap.NewFromStringMap(map[string]any{"since": text})); err != nil {
			return err
		}
	}
	return conf.Unmarshal(c)
}

func sinceText(v any) (string, bool) {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case time.Time:
		return v.Format(time.RFC3339Nano), true
	default:
		return "", false
	}
}

// Validate reports every wrong setting, with its key and value. It does no I/O.
func (c *Config) Validate() error {
	errs := []error{c.validateRegistry(), c.validateBatch(), c.validateRetry()}
	if c.StartAt != StartAtBeginning && c.StartAt != StartAtEnd {
		errs = append(errs, fmt.Errorf("`start_at` is %q: must be %q or %q", c.StartAt, StartAtBeginning, StartAtEnd))
	}
	if _, err := registry.ParseTime("`since`", c.Since); err != nil {
		errs = append(errs, err)
	}
	if c.PollInterval < minPollInterval {
		errs = append(errs, fmt.Errorf("`poll_interval` is %s: must be at least %s; write a unit, such as 5s", c.PollInterval, minPollInterval))
	}
	if c.OnRefusal != RefusalHold && c.OnRefusal != RefusalDrop {
		errs = append(errs, fmt.Errorf("`on_refusal` is %q: must be %q or %q", c.OnRefusal, RefusalHold, RefusalDrop))
	}
	if len(c.GiveUp) > checkpoint.MaxGiveUp {
		errs = append(errs, fmt.Errorf("`give_up` has %d ids: must have at most %d", len(c.GiveUp), checkpoint.MaxGiveUp))
	}
	if c.OnDatabaseReplaced != ReplacedRestart && c.OnDatabaseReplaced != ReplacedStop {
		errs = append(errs, fmt.Errorf("`on_database_replaced` is %q: must be %q or %q", c.OnDatabaseReplaced, ReplacedRestart, ReplacedStop))
	}
	if log := c.TransparencyLog.Get(); log != nil {
		_, err := log.key(c.RegistryID)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (c *Config) validateRegistry() error {
	var errs []error
	if c.Database == "" {
		errs = append(errs, errors.New("`database` is required: the path of the registry's SQLite file"))
	} else {
		errs = append(errs, checkFilePath("`database`", c.Database))
	}
	if c.RegistryID == "" {
		errs = append(errs, errors.New("`registry_id` is required: `ed25519_pub` of the registry's /.well-known/oversight-registry, or a short id of your own"))
	}
	errs = append(errs, registry.CheckID("`registry_id`", c.RegistryID))
	return errors.Join(errs...)
}

// checkFilePath returns an error if no file can have that path.
func checkFilePath(name, path string) error {
	switch base := filepath.Base(path); {
	case strings.ContainsFunc(path, unicode.IsControl):
		return fmt.Errorf("%s is %q: must not contain control characters", name, path)
	case strings.HasPrefix(path, "file:") || path == ":memory:":
		return fmt.Errorf("%s is %q: must be the path of a file, not a URI", name, path)
	case os.IsPathSeparator(path[len(path)-1]) || base == "." || base == ".." || path == "~":
		return fmt.Errorf("%s is %q: must be the path of a file, not of a directory", name, path)
	}
	return nil
}

func (c *Config) validateBatch() error {
	var errs []error
	for _, number := range []struct {
		name            string
		value, min, max int
	}{
		{"batch_size", c.BatchSize, 1, maxBatchSize},
		{"batch_bytes", c.BatchBytes, translator.MaxEventBytes, maxBatchBytes},
		{"max_value_bytes", c.MaxValueBytes, minValueBytes, maxValueBytes},
	} {
		if number.value < number.min || number.value > number.max {
			errs = append(errs, fmt.Errorf("`%s` is %d: must be from %d to %d", number.name, number.value, number.min, number.max))
		}
	}
	return errors.Join(errs...)
}

// validateRetry refuses what would drop events, and what would retry without a pause.
// [configretry.BackOffConfig] checks the rest.
func (c *Config) validateRetry() error {
	var errs []error
	retry := &c.RetryConfig
	if retry.MaxElapsedTime != 0 {
		errs = append(errs, fmt.Errorf("`retry_on_failure::max_elapsed_time` is %s: must be 0, since the receiver drops no batch; `on_refusal` says what becomes of an event that the destination refuses", retry.MaxElapsedTime))
	}
	if !retry.Enabled {
		return errors.Join(errs...)
	}
	if retry.InitialInterval < minPollInterval {
		errs = append(errs, fmt.Errorf("`retry_on_failure::initial_interval` is %s: must be at least %s; write a unit, such as 5s", retry.InitialInterval, minPollInterval))
	}
	if retry.MaxInterval < retry.InitialInterval {
		errs = append(errs, fmt.Errorf("`retry_on_failure::max_interval` is %s: must be at least `initial_interval`, %s", retry.MaxInterval, retry.InitialInterval))
	}
	if retry.Multiplier < 1 {
		errs = append(errs, fmt.Errorf("`retry_on_failure::multiplier` is %g: must be at least 1", retry.Multiplier))
	}
	return errors.Join(errs...)
}
