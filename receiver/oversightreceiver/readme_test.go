// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each promise of the README names the tests that show it, and these exist.
func TestGuaranteesHaveTests(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(readme), "| promise | condition | test |\n|---|---|---|\n")
	require.True(t, found)
	table, _, found = strings.Cut(table, "\n\n")
	require.True(t, found)
	existing := testsOfThisRepository(t)
	name := regexp.MustCompile("`(Test\\w+)`")
	for line := range strings.Lines(table) {
		names := name.FindAllStringSubmatch(line, -1)
		assert.NotEmpty(t, names, line)
		for _, match := range names {
			assert.Contains(t, existing, match[1])
		}
	}
}

func testsOfThisRepository(t *testing.T) map[string]bool {
	declaration := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	names := map[string]bool{}
	root := os.DirFS(filepath.Join("..", ".."))
	require.NoError(t, fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		for _, match := range declaration.FindAllSubmatch(source, -1) {
			names[string(match[1])] = true
		}
		return nil
	}))
	return names
}

// Each key of the configuration is described.
func TestReadmeHasAllKeys(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("config.go")
	require.NoError(t, err)
	keys := regexp.MustCompile("`mapstructure:\"(\\w+)\"`").FindAllSubmatch(source, -1)
	require.NotEmpty(t, keys)
	for _, key := range keys {
		assert.Contains(t, string(readme), "| `"+string(key[1])+"` |")
	}
}
