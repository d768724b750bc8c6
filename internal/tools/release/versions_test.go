// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const checkout = "../../.."

// Everything in the checkout that names a version names the one of the manifest.
func TestOneVersion(t *testing.T) {
	version, err := readVersion(checkout)
	require.NoError(t, err)
	assert.NoError(t, checkVersions(checkout, version, ""))
}

// Each place that names another version is reported with its file.
func TestOtherVersions(t *testing.T) {
	version, err := readVersion(checkout)
	require.NoError(t, err)
	for _, follower := range followers {
		t.Run(follower.file, func(t *testing.T) {
			root := copyFollowers(t)
			file := filepath.Join(root, follower.file)
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			at := follower.find.FindSubmatchIndex(content)
			require.NotNil(t, at)
			changed := string(content[:at[2]]) + "9.9.9" + string(content[at[3]:])
			require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
			assert.ErrorContains(t, checkVersions(root, version, ""), follower.file+": version 9.9.9")
		})
	}
}

// What is tagged has the version in its name, and a title in the changelog.
func TestTag(t *testing.T) {
	version, err := readVersion(checkout)
	require.NoError(t, err)
	for title, want := range map[string]string{
		version:                      "",
		version + " (2026-12-01)":    "",
		version + " (unreleased)":    "CHANGELOG.md: the newest title",
		version + "1 (2026-12-01)":   "CHANGELOG.md: the newest title",
		"9.9.9 (2026-12-01)":         "CHANGELOG.md: the newest title",
		version + " (yesterday-ish)": "CHANGELOG.md: the newest title",
	} {
		root := copyFollowers(t)
		require.NoError(t, os.WriteFile(filepath.Join(root, "CHANGELOG.md"), []byte("# Changelog\n\n## "+title+"\n\n## 0.0.1\n"), 0o600))
		if err := checkVersions(root, version, "v"+version); want == "" {
			assert.NoError(t, err, title)
		} else {
			assert.ErrorContains(t, err, want, title)
		}
	}
	assert.ErrorContains(t, checkVersions(copyFollowers(t), version, "v9.9.9"), "tag v9.9.9, but "+manifest)
}

// copyFollowers copies the files that name a version.
func copyFollowers(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, follower := range followers {
		content, err := os.ReadFile(filepath.Join(checkout, follower.file))
		require.NoError(t, err)
		require.NoError(t, writeFile(filepath.Join(root, follower.file), content))
	}
	return root
}

// A text that several modules have is there once, and a module without one is an error.
func TestNotices(t *testing.T) {
	modules := map[string]string{}
	for name, text := range map[string]string{"a.example/x v1.0.0": "Do what you like.\r\n", "b.example/y v1.0.0": "Do what you like.\n", "c.example/z v2.0.0": "Ask."} {
		modules[name] = t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(modules[name], "LICENCE.md"), []byte(text), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(modules[name], "license.go"), []byte("package z"), 0o600))
	}
	texts, err := collectTexts(modules)
	require.NoError(t, err)
	rendered := string(renderNotices(texts))
	assert.Contains(t, rendered, "a.example/x v1.0.0\nb.example/y v1.0.0\n\nDo what you like.\n")
	assert.Contains(t, rendered, "c.example/z v2.0.0\n\nAsk.\n")
	assert.Equal(t, 1, strings.Count(rendered, "Do what you like."))
	assert.NotContains(t, rendered, "package z")

	modules["d.example/none v0.1.0"] = t.TempDir()
	_, err = collectTexts(modules)
	assert.ErrorContains(t, err, "d.example/none v0.1.0 has no file with a license")
}

// Names in the module cache have no capitals.
func TestEscape(t *testing.T) {
	assert.Equal(t, "github.com/!azure/!go-x", escape("github.com/Azure/Go-x"))
}
