// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// DefaultTimeout bounds a check.
const DefaultTimeout = 10 * time.Second

// Settings say what is checked.
type Settings struct {
	// Config are the collector's configuration files, as it gets them.
	Config []string
	// EnvFile is a file with environment variables, as a service manager reads it;
	// empty for none. Variables that are set take precedence.
	EnvFile string
	// Collector is the collector's program, which validates the configuration; empty
	// to look for it.
	Collector string
	// Version is that of this command, which the collector's is compared with.
	Version string
	// SendTest sends one marked event to each destination that can be asked.
	SendTest bool
	// Timeout bounds each check. Default [DefaultTimeout].
	Timeout time.Duration
	// MountInfo is where the system lists what is mounted. Default: that of Linux.
	MountInfo string
}

// ErrNoConfig says that there is no configuration to check.
var ErrNoConfig = errors.New("--config is required: pass the collector's configuration, for example --config /etc/otelcol-oversight/config.yaml")

// Run makes all checks. An error says that the configuration cannot be read at all.
func Run(ctx context.Context, settings Settings) (Report, error) {
	if len(settings.Config) == 0 {
		return nil, ErrNoConfig
	}
	if settings.Timeout < 0 {
		return nil, fmt.Errorf("--timeout is %s: must be positive", settings.Timeout)
	}
	settings.Timeout = cmp.Or(settings.Timeout, DefaultTimeout)
	settings.MountInfo = cmp.Or(settings.MountInfo, "/proc/self/mountinfo")
	if err := settings.loadEnvFile(); err != nil {
		return nil, err
	}
	config, err := loadConfig(ctx, settings.Config)
	if err != nil {
		return nil, err
	}
	checks := append([]check{userCheck()}, config.checks()...)
	checks = append(checks, settings.collectorChecks(config)...)
	checks = append(checks, config.serviceCheck())
	for _, r := range config.receivers() {
		defer r.log.close()
		checks = append(checks, r.checks(&settings)...)
	}
	checks = append(checks, config.exporterChecks(&settings)...)
	report := runAll(ctx, checks, settings.Timeout)
	report.redact(config.secrets())
	return report, nil
}
