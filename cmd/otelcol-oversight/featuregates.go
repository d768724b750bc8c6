// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main //nolint:revive // the generated main.go has the package comment

import (
	"fmt"
	"os"

	"go.opentelemetry.io/collector/featuregate"
)

// componentStatus makes the extension health_check report the status of the
// components. The configurations in config/ need it. It is off in other collectors
// of the same release: there, start them with
// --feature-gates=+extension.healthcheck.useComponentStatus.
const componentStatus = "extension.healthcheck.useComponentStatus"

// Flags are read later, so --feature-gates=-extension.healthcheck.useComponentStatus
// still turns it off. The builder does not generate or overwrite this file.
func init() {
	if err := featuregate.GlobalRegistry().Set(componentStatus, true); err != nil {
		fmt.Fprintln(os.Stderr, "otelcol-oversight: turn a feature gate on:", err)
		os.Exit(1)
	}
}
