// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightsiemencodingextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/oversight-protocol/oversight-otelcol/extension/encoding/oversightsiemencodingextension/internal/metadata"
)

// NewFactory returns the factory of the extension `oversight_siem_encoding`.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, createExtension, metadata.ExtensionStability)
}

func createExtension(_ context.Context, _ extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newEncoding(cfg.(*Config))
}
