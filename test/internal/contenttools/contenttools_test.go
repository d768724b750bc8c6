// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What was installed is used again, until an input changes; what an interruption left is
// made anew.
func TestInstall(t *testing.T) {
	tools, err := New(t.TempDir())
	require.NoError(t, err)
	made := 0
	install := func(input string, err error) (string, error) {
		return tools.install(t.Context(), "requirements-kql.txt", []byte(input), func(i *installation) error {
			made++
			assert.NoFileExists(t, filepath.Join(i.dir, "part"), "left of an earlier try")
			require.NoError(t, os.WriteFile(filepath.Join(i.dir, "part"), nil, 0o600))
			return err
		})
	}
	_, err = install("a 1", errors.New("no network"))
	require.ErrorContains(t, err, "install requirements-kql.txt: no network")
	first, err := install("a 1", nil)
	require.NoError(t, err)
	again, err := install("a 1", nil)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, 2, made)
	other, err := install("a 2", nil)
	require.NoError(t, err)
	assert.NotEqual(t, first, other)
}

// A tool that is missing is an error, which names it.
func TestMissingTools(t *testing.T) {
	tools, err := New(t.TempDir())
	require.NoError(t, err)
	requirements := filepath.Join(t.TempDir(), "requirements.txt")
	require.NoError(t, os.WriteFile(requirements, []byte("# pinned\nduckdb==2.0.1\n"), 0o600))
	_, err = tools.Python(t.Context(), requirements, "python0.1", "python0.2")
	require.ErrorContains(t, err, "need Python, one of python0.1, python0.2")
	_, err = tools.Python(t.Context(), "missing.txt")
	require.ErrorIs(t, err, os.ErrNotExist)

	t.Setenv("PATH", t.TempDir())
	packages := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		require.NoError(t, os.WriteFile(filepath.Join(packages, name), []byte(`{"dependencies":{"react":"18"}}`), 0o600))
	}
	_, err = tools.Node(t.Context(), packages)
	require.ErrorContains(t, err, "need Node.js with npm")
	assert.Empty(t, tools.Used(), "nothing was used")
}

func TestUsed(t *testing.T) {
	tools, err := New(t.TempDir())
	require.NoError(t, err)
	tools.Note("b 2")
	tools.Note("a 1")
	tools.Note("b 2")
	assert.Equal(t, "a 1\nb 2", tools.Used())
	assert.Equal(t, []string{"react 18", "typescript 5"}, dependencies([]byte(`{"dependencies":{"react":"18"},"devDependencies":{"typescript":"5"}}`)))
}

// What is installed has one version, today and in a year.
func TestRequirementsArePinned(t *testing.T) {
	_, err := parseRequirements("# a comment\n\nduckdb==2.0.1\nnumpy>=2\n")
	require.ErrorContains(t, err, `line 4: "numpy>=2" is not NAME==VERSION`)
	files, err := filepath.Glob(filepath.Join("..", "..", "content", "*", "requirements*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		pinned, err := parseRequirements(string(text))
		require.NoError(t, err, file)
		assert.NotEmpty(t, pinned, file)
	}
	manifests, err := filepath.Glob(filepath.Join("..", "..", "content", "*", "package.json"))
	require.NoError(t, err)
	require.NotEmpty(t, manifests)
	for _, file := range manifests {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotEmpty(t, dependencies(text), file)
		for _, line := range dependencies(text) {
			assert.Regexp(t, `^\S+ \d+\.\d+\.\d+$`, line, file)
		}
		assert.FileExists(t, filepath.Join(filepath.Dir(file), "package-lock.json"))
	}
}
