// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each benchmark that performance.md runs exists, in the package that it names.
func TestBenchmarksExist(t *testing.T) {
	text, err := os.ReadFile("performance.md")
	require.NoError(t, err)
	command := regexp.MustCompile(`(?m)^\$ (?:cd (\S+) && )?.*go test .*-bench '?([^' ]+)'? .*(\.\S*)$`)
	benchmark := regexp.MustCompile(`(?m)^func (Benchmark\w+)\(`)
	commands := command.FindAllStringSubmatch(string(text), -1)
	assert.Len(t, commands, strings.Count(string(text), "go test"), "commands that this test does not understand")
	for _, match := range commands {
		directory, pattern := filepath.Join("..", match[1], match[3]), regexp.MustCompile(match[2])
		files, err := filepath.Glob(filepath.Join(directory, "*_test.go"))
		require.NoError(t, err)
		found := false
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, function := range benchmark.FindAllStringSubmatch(string(source), -1) {
				found = found || pattern.MatchString(function[1])
			}
		}
		assert.True(t, found, match[0])
	}
}

// Each target that README.md and CONTRIBUTING.md name is in the Makefile.
func TestMakeTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)
	for _, page := range []string{"README.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join("..", page))
		require.NoError(t, err)
		commands := regexp.MustCompile("(?:`|\\$ )make ([a-z -]+)").FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, commands, page)
		for _, match := range commands {
			for target := range strings.FieldsSeq(match[1]) {
				assert.Contains(t, string(makefile), "\n"+target+":", "%s: make %s", page, target)
			}
		}
	}
}

// README.md shows what verify prints about the sample.
func TestOutputOfVerify(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	sample, err := os.ReadFile("../cmd/oversight-siem/testdata/sample.txt")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "\n"+string(sample)+"```\n")
}
