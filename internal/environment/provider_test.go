// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package environment_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/environment"
)

const configuration = `# ${env:OVERSIGHT_TEST_IN_A_COMMENT}
a: ${env:OVERSIGHT_TEST_SET}
b: ${env:OVERSIGHT_TEST_DEFAULT:-here} $${env:OVERSIGHT_TEST_ESCAPED}
c: "x ${env:OVERSIGHT_TEST_FIRST}" # ${env:OVERSIGHT_TEST_AFTER}
d: ${OVERSIGHT_TEST_SECOND}
e: ${env:OVERSIGHT_TEST_FIRST}
`

func retrieve(t *testing.T, reference string) (*confmap.Retrieved, error) {
	t.Helper()
	provider := environment.NewFactory().Create(confmap.ProviderSettings{Logger: zap.NewNop()})
	return provider.Retrieve(t.Context(), "env:"+reference, nil)
}

// setArguments sets the command line until the test ends.
func setArguments(t *testing.T, arguments ...string) {
	t.Helper()
	before := os.Args
	t.Cleanup(func() { os.Args = before })
	os.Args = append([]string{"otelcol-oversight"}, arguments...)
}

func TestMissingVariable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(configuration), 0o600))
	t.Setenv("OVERSIGHT_TEST_SET", "value")
	t.Setenv("OVERSIGHT_TEST_FIRST", "") // as the line OVERSIGHT_TEST_FIRST= does
	for _, arguments := range [][]string{
		{"--config", path}, {"validate", "--config=" + path}, {"--config", "file:" + path, "--config", "yaml:a: b"},
	} {
		setArguments(t, arguments...)
		_, err := retrieve(t, "OVERSIGHT_TEST_FIRST")
		require.Error(t, err)
		assert.Contains(t, err.Error(), "OVERSIGHT_TEST_FIRST is not set or empty, and "+path+":4 uses it")
		assert.Contains(t, err.Error(), "/etc/otelcol-oversight/otelcol-oversight.conf")
		assert.Contains(t, err.Error(), "not set either: OVERSIGHT_TEST_SECOND ("+path+":5)")
		for _, name := range []string{"COMMENT", "AFTER", "ESCAPED", "DEFAULT", "SET"} {
			assert.NotContains(t, err.Error(), "OVERSIGHT_TEST_"+name)
		}
	}
}

func TestMissingVariableOutsideOfFiles(t *testing.T) {
	setArguments(t, "--config", "yaml:a: ${env:OVERSIGHT_TEST_NONE}")
	_, err := retrieve(t, "OVERSIGHT_TEST_NONE")
	require.ErrorContains(t, err, "OVERSIGHT_TEST_NONE is not set or empty, and the configuration uses it")
}

func TestValues(t *testing.T) {
	t.Setenv("OVERSIGHT_TEST_SET", "value")
	for reference, want := range map[string]string{
		"OVERSIGHT_TEST_SET":           "value",
		"OVERSIGHT_TEST_SET:-default":  "value",
		"OVERSIGHT_TEST_NONE:-default": "default",
		"OVERSIGHT_TEST_NONE:-":        "",
		"OVERSIGHT_TEST_NONE:-a:-b":    "a:-b",
	} {
		retrieved, err := retrieve(t, reference)
		require.NoError(t, err, reference)
		value, err := retrieved.AsString()
		require.NoError(t, err)
		assert.Equal(t, want, value, reference)
	}
}
