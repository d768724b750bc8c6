// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

package splunk_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ksconf runs `ksconf check` over every configuration file of an app.
func ksconf(t *testing.T, dir string) (output string, code int) {
	bin, err := tools.Python(t.Context(), "requirements-ksconf.txt", "python3.11", "python3.12", "python3")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "default", "*.conf"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return run(t, filepath.Join(bin, "ksconf"), append([]string{"check", filepath.Join(dir, "metadata", "default.meta")}, files...)...)
}

// Every file can be read as Splunk's configuration.
func TestKsconf(t *testing.T) {
	output, code := ksconf(t, app)
	assert.Zero(t, code, output)
}

func TestKsconfFinds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(app, "default", "app.conf"))
	require.NoError(t, err)
	output, code := ksconf(t, copyApp(t, map[string]string{"default/app.conf": string(text) + "\nno setting\n"}))
	assert.NotZero(t, code, output)
	assert.Contains(t, output, "no setting")
}
