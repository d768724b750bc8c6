// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build content

// Package splunk_test checks the Splunk app with the tools of Splunk and of its users.
// None of them is Splunk: content/splunk/README.md says what each sees, and what it does
// not.
package splunk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/tools/splunkapp/splunkpackage"
	"github.com/oversight-protocol/oversight-otelcol/test/internal/contenttools"
)

const (
	root = "../../.."
	app  = root + "/content/splunk/oversight"
)

var tools *contenttools.Tools

func TestMain(m *testing.M) {
	var err error
	if tools, err = contenttools.New(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(contenttools.Main(m, root, "splunk", tools))
}

// copyApp returns a copy of the app in which the named files have other text: with "",
// they are missing.
func copyApp(t *testing.T, changed map[string]string) string {
	dir := filepath.Join(t.TempDir(), "oversight")
	require.NoError(t, os.CopyFS(dir, os.DirFS(app)))
	for name, text := range changed {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if text == "" {
			require.NoError(t, os.Remove(file))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return dir
}

// pack packages an app as `make content` does.
func pack(t *testing.T, dir string) string {
	name, content, err := splunkpackage.Pack(dir)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, content, 0o600))
	return file
}

// readApp returns the text of one of the app's files.
func readApp(t *testing.T, name string) string {
	text, err := os.ReadFile(filepath.Join(app, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}

// run runs a tool with a home of its own, and returns what it printed and its exit code:
// some of the tools keep caches and settings.
func run(t *testing.T, program string, args ...string) (output string, code int) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	home := t.TempDir()
	command := exec.CommandContext(ctx, program, args...)
	command.WaitDelay = 10 * time.Second // programs that it started may hold its output open
	command.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home)
	text, err := command.CombinedOutput()
	require.NoError(t, ctx.Err(), "%s takes too long: %s", program, text)
	if failed := new(exec.ExitError); !errors.As(err, &failed) {
		require.NoError(t, err, program)
	}
	return string(text), command.ProcessState.ExitCode()
}
