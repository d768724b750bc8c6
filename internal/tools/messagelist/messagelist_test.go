// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listOf is the list of the packages that match pattern, by directory.
func listOf(t *testing.T, pattern string) map[string][]message {
	t.Helper()
	p, err := load(t.Context(), ".", pattern)
	require.NoError(t, err)
	byPath := map[string][]message{}
	for _, list := range p.messages(".") {
		byPath[list.path] = list.messages
	}
	return byPath
}

func TestEveryKindIsFound(t *testing.T) {
	want := []message{
		{logMessage, "DEBUG from a field"},
		{logMessage, "ERROR With a slice of fields {rows, full}"},
		{logMessage, "INFO  From a caller"},
		{logMessage, "INFO  From a caller with %d rows"},
		{logMessage, "INFO  From a function"},
		{logMessage, "INFO  From a variable"},
		{logMessage, "INFO  From the end of a function"},
		{logMessage, "INFO  From the other branch"},
		{logMessage, "INFO  Joined from constants on several lines"},
		{logMessage, "WARN  With fields {url, error}"},
		{errorText, ", and it said why"},
		{errorText, "a plain error"},
		{errorText, "from a field"},
		{errorText, "not readable: it is empty"},
		{errorText, "not readable: line %d is too long"},
		{errorText, "only on another system"},
		{errorText, "the answer was %d"},
		{errorText, "wrapped: %w"},
		{finding, "A finding of a literal."},
		{finding, "Row %d of an assignment."},
		{status, "StatusOK"},
		{status, "StatusRecoverableError, with an error"},
		{output, "example: from a caller"},
		{metricDescription, "example_rows  Rows that were read."},
		{panicText, "this cannot be"},
		{part, "put together for %d others"},
		{notConstant, "(*worker).work: w.fromElsewhere()"},
	}
	assert.Equal(t, want, listOf(t, "./testdata/example")["testdata/example"])
}

func TestCommands(t *testing.T) {
	want := []message{
		{output, "[ok] checked %d things\n"},
		{help, "--output  the `FILE` to write"},
		{help, "tool FILE\n\nCheck things\n\nChecks things.\n\n  one    the first thing\n\n  tool x"},
		{notConstant, "main: b.String()"},
	}
	assert.Equal(t, want, listOf(t, "./testdata/example/cmd/...")["testdata/example/cmd/tool"])
}

// The whole program, as make generate runs it.
func TestRender(t *testing.T) {
	got := render([]packageMessages{
		{"receiver", []message{{logMessage, "INFO  Started"}, {help, "tool\n\nTwo lines\n"}, {help, "tool two"}}},
		{"exporter", []message{{errorText, "`key` is %q: it has a\ttab"}}},
	})
	assert.Equal(t, introduction+"\n## exporter\n\n### Errors\n\n```text\n`key` is %q: it has a\\ttab\n```\n"+
		"\n## receiver\n\n### Log messages\n\n```text\nINFO  Started\n```\n"+
		"\n### Help\n\n```text\ntool\n\nTwo lines\n\ntool two\n```\n", got)
}

func TestWhatDoesNotCompileIsAnError(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.org/broken\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.go"), []byte("package broken\n\nvar x = y\n"), 0o600))
	output := filepath.Join(dir, "messages.md")
	err := run(output, []string{dir})
	require.ErrorContains(t, err, "undefined: y")
	assert.NoFileExists(t, output)

	require.Error(t, run(output, []string{filepath.Join(dir, "absent")}))
	require.ErrorContains(t, run(output, nil), "at least one module")
}

func TestOutput(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.org/small\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "small.go"), []byte("package small\n\nimport \"errors\"\n\nvar Err = errors.New(\"too small\")\n"), 0o600))
	output := filepath.Join(dir, "messages.md")
	require.NoError(t, run(output, []string{dir}))
	text, err := os.ReadFile(output)
	require.NoError(t, err)
	assert.Contains(t, string(text), "### Errors\n\n```text\ntoo small\n```\n")
}

func TestVerbs(t *testing.T) {
	assert.Equal(t, "sdqvs", string(verbsOf("%s %-26d %% %.40q %+v %[1]s")))
}

func TestTooManyTexts(t *testing.T) {
	many := make([]string, maxTexts+1)
	for i := range many {
		many[i] = string(rune('a' + i))
	}
	assert.Equal(t, []string{"x" + unknown}, joined([]string{"x"}, many))
	assert.Equal(t, []string{unknown + "x"}, joined(many, []string{"x"}))
}
