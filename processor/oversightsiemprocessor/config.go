// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemprocessor

import (
	"go.opentelemetry.io/collector/component"

	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// Config is what a user writes below `processors: oversight_siem:`.
type Config struct {
	// Shape is the format and its settings.
	Shape siem.Config `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// Validate reports every wrong setting, with its key and value.
func (c *Config) Validate() error { return c.Shape.Check() }

func createDefaultConfig() component.Config {
	return &Config{Shape: siem.NewDefaultConfig()}
}
