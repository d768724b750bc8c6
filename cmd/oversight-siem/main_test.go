// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

const (
	testdata = "../../testdata"
	edgeID   = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
	// registryID is the id of the registry in testdata/registry.sqlite.
	registryID = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"
	// registryEvents is the number of its events.
	registryEvents = 600
)

// siem and oversightgen are the paths of the built commands.
var siem, oversightgen string

// underTest makes the command's code part of the test's own binary. go test does
// not know of what is built here, and would otherwise return a cached result after
// that code has changed.
var underTest = main

func TestMain(m *testing.M) {
	runtime.KeepAlive(underTest)
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "oversight-siem")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", dir, ".", "../oversightgen")
		if output, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s\n%v\n", output, err)
			return 1
		}
		siem, oversightgen = filepath.Join(dir, "oversight-siem"), filepath.Join(dir, "oversightgen")
		return m.Run()
	}())
}

// result is the result of a run of the command.
type result struct {
	stdout, stderr string
	code           int
}

// run runs the built command until it ends.
func run(t *testing.T, arguments ...string) result {
	t.Helper()
	return runCommand(t, command(t.Context(), arguments...))
}

// command returns the built command, without secrets in its environment.
func command(ctx context.Context, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, siem, arguments...)
	c.Env = append(os.Environ(), cli.SplunkTokenVariable+"=", cli.SharedKeyVariable+"=")
	return c
}

func runCommand(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if c.Stdout == nil {
		c.Stdout = &stdout
	}
	c.Stderr = &stderr
	err := c.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// exporting returns the arguments that export one of the databases in testdata.
func exporting(database, format string, more ...string) []string {
	id := edgeID
	if database == "registry" {
		id = registryID
	}
	return append([]string{"export", "--db", filepath.Join(testdata, database+".sqlite"), "--registry-id", id, "--format", format}, more...)
}

// generate writes a database with that many events.
func generate(tb testing.TB, events int) (path string) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "registry.sqlite")
	output, err := exec.Command(oversightgen, "--db", path, "--tlog", "", "--seed", "1", "--bulk", "--count", fmt.Sprint(events)).CombinedOutput()
	require.NoError(tb, err, string(output))
	return path
}

// lines splits text that consists of complete lines.
func lines(t *testing.T, text string) []string {
	t.Helper()
	if text == "" {
		return nil
	}
	require.True(t, strings.HasSuffix(text, "\n"), "the last line is incomplete")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// object parses a JSON object. Numbers become their exact value: 1.50 is 3/2.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value map[string]any
	require.NoError(t, decoder.Decode(&value), text)
	return exact(value).(map[string]any)
}

func exact(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, ok := new(big.Rat).SetString(v.String()); ok {
			return n.RatString()
		}
	case map[string]any:
		for name := range v {
			v[name] = exact(v[name])
		}
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	}
	return value
}

// ids returns the event ids of documents in Sentinel's format.
func ids(t *testing.T, documents []string) (ids []string) {
	t.Helper()
	for _, d := range documents {
		ids = append(ids, fmt.Sprint(object(t, d)["EventId"]))
	}
	return ids
}

// vector returns the reference exporter's output for a database.
func vector(t *testing.T, database, format string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata, "vectors", database+"."+format+".jsonl"))
	require.NoError(t, err)
	return lines(t, string(text))
}

// writeFile writes a new temporary file.
func writeFile(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func assertOK(t *testing.T, r result, events int, format string) {
	t.Helper()
	assert.Equal(t, fmt.Sprintf("[ok] exported %d event(s) as %s\n", events, format), r.stderr)
	assert.Zero(t, r.code)
}
