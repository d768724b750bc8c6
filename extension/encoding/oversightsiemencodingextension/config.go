// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// FormatOTel is the value of `format` for a line of OTLP JSON an event: the log
// record as the receiver made it, with its resource and scope.
const FormatOTel = "otel"

// Config is what a user writes below `extensions: oversight_siem_encoding:`.
type Config struct {
	// Config is the shape and its settings. Beside `splunk`, `ecs` and
	// `sentinel`, the format may be `otel`.
	siem.Config `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{Config: siem.NewDefaultConfig()}
}

// Validate reports every wrong setting, with its key and value.
func (c *Config) Validate() error {
	errs := []error{c.Check(FormatOTel)}
	if c.Sentinel.Layout == siem.LayoutAttributes {
		errs = append(errs, fmt.Errorf("`sentinel::layout` is %q: an encoding writes rows, so it must be %q", c.Sentinel.Layout, siem.LayoutBody))
	}
	return errors.Join(errs...)
}
