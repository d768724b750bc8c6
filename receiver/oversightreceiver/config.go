// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
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

// Config is what a user writes below `receivers: oversight:`.
type Config struct {
	// Database is the path of the registry's SQLite file. The reader needs
	// permission to read the file, and the -wal and -shm files beside it while
	// they exist, and to search the directory; it writes nothing there.
	// The file need not exist yet. Required.
	Database string `mapstructure:"database"`

	// RegistryID names the registry: its Ed25519 public key as 64 hex digits
	// (`ed25519_pub` of GET /.well-known/oversight-registry), or a short id of
	// the operator's choice. It becomes the resource attribute
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

	// BatchSize is the number of rows that are read and delivered together, and
	// the most that may be delivered twice after a crash.
	// Default 1000; from 1 to 100000.
	BatchSize int `mapstructure:"batch_size"`

	// BatchBytes is the most bytes that the rows that are delivered together take in
	// any shape. A single row never takes more. Default 950000.
	BatchBytes int `mapstructure:"batch_bytes"`

	// MaxValueBytes is the longest value of a column that is delivered, in bytes.
	// Longer ones are cut, and marked by the attribute oversight.truncated. The
	// log.record.uid and the check against the transparency log are of the whole
	// value. Default 16384; at most 32766.
	MaxValueBytes int `mapstructure:"max_value_bytes"`

	// OnRefusal says what to do with an event that a destination refuses while it
	// accepts others: `hold` (the default) keeps it and retries it, `drop` drops it.
	OnRefusal string `mapstructure:"on_refusal"`

	// GiveUp are the ids of events in quarantine that are not retried any more,
	// because somebody has delivered them by hand. Default: none.
	GiveUp []int64 `mapstructure:"give_up"`

	// StorageID names the storage extension that keeps the checkpoint. Without
	// it, each start begins where start_at says. Default: none.
	StorageID *component.ID `mapstructure:"storage"`

	// RetryConfig says how a batch that the pipeline did not accept is retried.
	// Default: enabled, from 5s to 30s apart, without end (max_elapsed_time: 0).
	// With a max_elapsed_time, a batch older than that is dropped, counted and
	// logged. Disabled, the batch is retried at the next poll.
	RetryConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// OnDatabaseReplaced says what to do when the file turns out to be another
	// database than the checkpoint was made for, such as a restored backup:
	// `restart` (the default) reads it from its beginning, `stop` reports a
	// permanent error as component status and sends nothing more.
	OnDatabaseReplaced string `mapstructure:"on_database_replaced"`

	// TransparencyLog makes the receiver check every event against the
	// registry's transparency log. Default: none, and nothing is checked.
	TransparencyLog configoptional.Optional[TransparencyLogConfig] `mapstructure:"transparency_log"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

// minPollInterval catches numbers without a unit, which are nanoseconds.
const minPollInterval = time.Millisecond

// maxBatchSize keeps a batch in the tens of megabytes at the usual row size.
const maxBatchSize = 100_000

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // the database keeps the rows: there is no reason to give up
	return &Config{
		StartAt:            StartAtBeginning,
		PollInterval:       200 * time.Millisecond,
		BatchSize:          1000,
		RetryConfig:        retry,
		OnDatabaseReplaced: ReplacedRestart,
		TransparencyLog:    defaultTransparencyLog(),
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
	var errs []error
	if c.Database == "" {
		errs = append(errs, errors.New("`database` is required: the path of the registry's SQLite file"))
	}
	if c.RegistryID == "" {
		errs = append(errs, errors.New("`registry_id` is required: `ed25519_pub` of the registry's /.well-known/oversight-registry, or a short id of your own"))
	}
	if c.StartAt != StartAtBeginning && c.StartAt != StartAtEnd {
		errs = append(errs, fmt.Errorf("`start_at` is %q: must be %q or %q", c.StartAt, StartAtBeginning, StartAtEnd))
	}
	if _, err := registry.ParseTime("`since`", c.Since); err != nil {
		errs = append(errs, err)
	}
	if c.PollInterval < minPollInterval {
		errs = append(errs, fmt.Errorf("`poll_interval` is %s: must be at least %s; write a unit, such as 5s", c.PollInterval, minPollInterval))
	}
	if c.BatchSize < 1 || c.BatchSize > maxBatchSize {
		errs = append(errs, fmt.Errorf("`batch_size` is %d: must be from 1 to %d", c.BatchSize, maxBatchSize))
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
