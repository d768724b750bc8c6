// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheckextension

import "go.opentelemetry.io/collector/component"

// Config is what a user writes below `extensions: responsecheck:`.
type Config struct {
	// OpenSearch says that the exporter `elasticsearch` sends to OpenSearch. The
	// header X-Elastic-Product, which the exporter requires and OpenSearch does not
	// send, is added to answers that accept events. Default: false.
	OpenSearch bool `mapstructure:"opensearch"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config { return &Config{} }
