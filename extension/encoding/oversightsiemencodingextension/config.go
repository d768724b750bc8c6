// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"

	"github.com/oversight-protocol/oversight-otelcol/translator/siem"
)

// FormatOTel is the value of `format` for a line of OTLP JSON for each record, with
// its resource and scope, as they come from the pipeline.
const FormatOTel = "otel"

// Config is what a user writes below `extensions: oversight_siem_encoding:`.
type Config struct {
	// Shape is the format and its settings. Beside [siem.Formats], the format may be
	// [FormatOTel].
	Shape siem.Config `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{Shape: siem.NewDefaultConfig()}
}

// Validate reports every wrong setting, with its key and value.
func (c *Config) Validate() error {
	errs := []error{c.Shape.Check(FormatOTel)}
	if layout := c.Shape.Sentinel.Layout; layout == siem.LayoutAttributes {
		errs = append(errs, fmt.Errorf("`sentinel::layout` is %q: must be %q in an encoding", layout, siem.LayoutBody))
	}
	return errors.Join(errs...)
}
