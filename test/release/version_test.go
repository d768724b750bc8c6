// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// version is dist.version of builder-config.yaml.
func version(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(root(t, "builder-config.yaml"))
	require.NoError(t, err)
	var manifest struct {
		Dist struct {
			Version string `yaml:"version"`
		} `yaml:"dist"`
	}
	require.NoError(t, yaml.Unmarshal(text, &manifest))
	require.NotEmpty(t, manifest.Dist.Version)
	return manifest.Dist.Version
}
