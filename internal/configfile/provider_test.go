// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package configfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/oversight-protocol/oversight-otelcol/internal/configfile"
)

// retrieve returns what the provider makes of a file with a text.
func retrieve(t *testing.T, text string) (*confmap.Retrieved, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return configfile.NewFactory().Create(confmap.ProviderSettings{}).Retrieve(t.Context(), "file:"+path, nil)
}

func TestSecretHasNoLineEnd(t *testing.T) {
	for _, text := range []string{"a-token", "a-token\n", "a-token\r\n", "a-token\n\n"} {
		retrieved, err := retrieve(t, text)
		require.NoError(t, err)
		value, err := retrieved.AsString()
		require.NoError(t, err)
		assert.Equal(t, "a-token", value, "%q", text)
	}
}

func TestConfigurationIsUnchanged(t *testing.T) {
	for text, want := range map[string]map[string]any{
		"":                             nil,
		"# nothing\n":                  nil,
		"a:\n  b: 1\n":                 {"a": map[string]any{"b": 1}},
		"a: |\n  two\n  lines\nb: 2\n": {"a": "two\nlines\n", "b": 2},
	} {
		retrieved, err := retrieve(t, text)
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err, text)
		if want == nil {
			assert.Empty(t, conf.ToStringMap())
			continue
		}
		assert.Equal(t, want, conf.ToStringMap(), text)
	}
}

func TestMissingFileIsNamed(t *testing.T) {
	_, err := configfile.NewFactory().Create(confmap.ProviderSettings{}).Retrieve(t.Context(), "file:/none/token", nil)
	assert.ErrorContains(t, err, "/none/token")
}
