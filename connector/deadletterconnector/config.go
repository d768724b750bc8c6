// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/pipeline"
)

// minInterval is the least pause between attempts.
const minInterval = 10 * time.Millisecond

// Config is the configuration of a connector.
type Config struct {
	// Pipelines are the targets: logs pipelines whose receiver is this connector. Each
	// gets every record. Required.
	Pipelines []pipeline.ID `mapstructure:"pipelines"`
	// Refused are the logs pipelines for records that a target refuses for good. Their
	// receiver is this connector, too. Required.
	Refused []pipeline.ID `mapstructure:"refused"`
	// StorageID is the storage extension that keeps records which a target refuses while
	// nothing else comes, and the last offset of each partition of Kafka over restarts.
	// Default: none.
	StorageID *component.ID `mapstructure:"storage"`
	// ReportExpired says when messages of Kafka that were never read are reported:
	// "always", with a storage over restarts, too; "session", only between two messages
	// of one assignment of the partition, for several collectors that share a consumer
	// group; or "never", where a processor before the connector drops messages.
	// Default: "always".
	ReportExpired string `mapstructure:"report_expired"`
	// BackOffConfig says how long to wait between attempts. It must be enabled, and
	// retry without a limit. Default: 5 s to 30 s.
	configretry.BackOffConfig `mapstructure:"retry_on_failure"`
}

// Values of [Config.ReportExpired].
const (
	expiredAlways  = "always"
	expiredSession = "session"
	expiredNever   = "never"
)

func createDefaultConfig() component.Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0
	return &Config{ReportExpired: expiredAlways, BackOffConfig: retry}
}

// Validate returns an error that names each setting that cannot be used.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Pipelines) == 0 {
		errs = append(errs, errors.New("`pipelines` is required: the logs pipelines to deliver to"))
	}
	if len(c.Refused) == 0 {
		errs = append(errs, errors.New("`refused` is required: the logs pipelines for records that a target refuses for good, such as one that writes a file"))
	}
	if !slices.Contains([]string{expiredAlways, expiredSession, expiredNever}, c.ReportExpired) {
		errs = append(errs, fmt.Errorf("`report_expired` is %q: must be always, session or never", c.ReportExpired))
	}
	errs = append(errs, c.validatePipelines(), c.validateRetry())
	return errors.Join(errs...)
}

// validatePipelines refuses pipelines of other signals, and those that are named twice.
func (c *Config) validatePipelines() error {
	var errs []error
	seen := map[pipeline.ID]string{}
	for _, list := range []struct {
		name string
		ids  []pipeline.ID
	}{{"pipelines", c.Pipelines}, {"refused", c.Refused}} {
		for _, id := range list.ids {
			if id.Signal() != pipeline.SignalLogs {
				errs = append(errs, fmt.Errorf("`%s` contains %q: must be logs pipelines", list.name, id))
			}
			if before, ok := seen[id]; ok {
				errs = append(errs, fmt.Errorf("`%s` contains %q, which `%s` contains already: must be named once", list.name, id, before))
			}
			seen[id] = list.name
		}
	}
	return errors.Join(errs...)
}

// validateRetry refuses what would drop records, and what would retry without a pause.
// [configretry.BackOffConfig] checks the rest.
func (c *Config) validateRetry() error {
	var errs []error
	retry := &c.BackOffConfig
	if !retry.Enabled {
		errs = append(errs, errors.New("`retry_on_failure::enabled` is false: must be true, since the connector drops nothing"))
	}
	if retry.MaxElapsedTime != 0 {
		errs = append(errs, fmt.Errorf("`retry_on_failure::max_elapsed_time` is %s: must be 0, since the connector drops nothing; a record that a target refuses for good goes to `refused`", retry.MaxElapsedTime))
	}
	if retry.InitialInterval < minInterval {
		errs = append(errs, fmt.Errorf("`retry_on_failure::initial_interval` is %s: must be at least %s; write a unit, such as 5s", retry.InitialInterval, minInterval))
	}
	if retry.MaxInterval < retry.InitialInterval {
		errs = append(errs, fmt.Errorf("`retry_on_failure::max_interval` is %s: must be at least `initial_interval`, %s", retry.MaxInterval, retry.InitialInterval))
	}
	if retry.Multiplier < 1 {
		errs = append(errs, fmt.Errorf("`retry_on_failure::multiplier` is %g: must be at least 1", retry.Multiplier))
	}
	return errors.Join(errs...)
}
