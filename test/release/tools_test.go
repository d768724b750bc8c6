// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// waitTimeout is how long anything may take on a busy machine.
const waitTimeout = 90 * time.Second

// root is the top of the checkout.
func root(t testing.TB, elements ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return filepath.Join(append([]string{path}, elements...)...)
}

// binaries is the directory of what `make build` has built, or that in
// OVERSIGHT_RELEASE_BIN.
func binaries(t testing.TB, name string) string {
	t.Helper()
	if directory := os.Getenv("OVERSIGHT_RELEASE_BIN"); directory != "" {
		return filepath.Join(directory, name)
	}
	return root(t, "bin", name)
}

// tool is the path of a tool that `make test-release` has built.
func tool(t testing.TB, name string) string {
	t.Helper()
	return root(t, "bin", "tools", name)
}

// run runs a program, which has to succeed, and returns what it prints to standard
// output.
func run(t testing.TB, environment []string, name string, arguments ...string) []byte {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Env = append(os.Environ(), environment...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	require.NoError(t, command.Run(), "%s %v:\n%s%s", name, arguments, &stdout, &stderr)
	return stdout.Bytes()
}

// install installs Debian's package of a command unless the command is there.
func install(t testing.TB, command string) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		run(t, nil, "apt-get", "update", "--quiet")
		run(t, []string{"DEBIAN_FRONTEND=noninteractive"}, "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", command)
	}
}
