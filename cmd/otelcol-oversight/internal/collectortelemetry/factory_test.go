// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package collectortelemetry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/service/telemetry"
)

// The logger that the factory creates takes the stock settings, and limits repeats.
func TestFactoryLimitsRepeats(t *testing.T) {
	factory := NewFactory()
	config := factory.CreateDefaultConfig()
	output := filepath.Join(t.TempDir(), "log")
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"logs": map[string]any{
		"output_paths": []any{output},
		"sampling":     map[string]any{"enabled": false},
	}}).Unmarshal(config))
	resource := pcommon.NewResource()
	logger, shutdown, err := factory.CreateLogger(t.Context(), telemetry.LoggerSettings{Settings: telemetry.Settings{Resource: &resource}}, config)
	require.NoError(t, err)
	for range 20 {
		logger.Error(rejected)
		logger.Error("Another line")
	}
	require.NoError(t, logger.Sync())
	require.NoError(t, shutdown(t.Context()))

	text, err := os.ReadFile(output)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), "Rejecting data"))
	require.Equal(t, 20, strings.Count(string(text), "Another line"))
}
