// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package install installs what users install, from a version of the module and
// not from the checkout.
package install

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/moduleproxy"
)

const (
	checkout = "../.."
	command  = "github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem"
	version  = "v0.1.0"
)

// `go install …/cmd/oversight-siem@VERSION` works. The go command refuses it if
// go.mod has a replacement, or asks for a module that only the checkout has.
func TestGoInstall(t *testing.T) {
	proxy := t.TempDir()
	require.NoError(t, moduleproxy.Publish(t.Context(), proxy, checkout, version, "."))
	bin := t.TempDir()
	output, err := goInstall(t, proxy, bin)
	require.NoError(t, err, "%s", output)
	binary := filepath.Join(bin, "oversight-siem")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}

	help, err := exec.CommandContext(t.Context(), binary, "--help").Output()
	require.NoError(t, err)
	assert.Contains(t, string(help), "oversight-siem [command]")

	testdata := filepath.Join(checkout, "testdata")
	exported, err := exec.CommandContext(t.Context(), binary, "export", "--format", "splunk",
		"--db", filepath.Join(testdata, "registry.sqlite"), "--registry-id", strings.Repeat("deadbeef", 8)).Output()
	require.NoError(t, err)
	want, err := os.ReadFile(filepath.Join(testdata, "vectors", "registry.splunk.jsonl"))
	require.NoError(t, err)
	assert.Equal(t, bytes.Count(want, []byte("\n")), bytes.Count(exported, []byte("\n")))
}

// A replacement in go.mod makes the install fail: this is what the test above
// protects from.
func TestGoInstallRefusesReplacement(t *testing.T) {
	copied := copyCheckout(t)
	edit := exec.CommandContext(t.Context(), "go", "mod", "edit", "-replace=github.com/spf13/cobra=github.com/spf13/cobra@v1.10.2")
	edit.Dir = copied
	require.NoError(t, edit.Run())
	proxy := t.TempDir()
	require.NoError(t, moduleproxy.Publish(t.Context(), proxy, copied, version, "."))
	output, err := goInstall(t, proxy, t.TempDir())
	require.Error(t, err)
	assert.Contains(t, output, "replace directives")
}

// goInstall installs the command from a proxy, without network: other modules
// come from the module cache of the user who runs the test.
func goInstall(t *testing.T, proxy, bin string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "install", command+"@"+version)
	cmd.Dir = bin
	cmd.Env = append(os.Environ(),
		"CGO_ENABLED=0",
		"GOBIN="+bin,
		"GOFLAGS=-mod=mod -modcacherw -trimpath",
		"GOMODCACHE="+t.TempDir(),
		"GOPROXY="+strings.Join([]string{fileURL(t, proxy), fileURL(t, downloads(t)), "off"}, ","),
		"GOSUMDB=off", // it is on the network, and the module cache was checked when it was filled
		"GOTOOLCHAIN=local",
		"GOWORK=off",
	)
	combined, err := cmd.CombinedOutput()
	return string(combined), err
}

// downloads is the part of the module cache that has the layout of a proxy. It
// has all that the module's go.mod names afterwards.
func downloads(t *testing.T) string {
	t.Helper()
	graph := exec.CommandContext(t.Context(), "go", "mod", "graph")
	graph.Dir = checkout
	require.NoError(t, graph.Run())
	cache, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	return filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
}

func fileURL(t *testing.T, path string) string {
	t.Helper()
	absolute, err := filepath.Abs(path)
	require.NoError(t, err)
	return "file://" + filepath.ToSlash(absolute)
}

// copyCheckout copies the checkout's files to where a test can change them.
func copyCheckout(t *testing.T) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "checkout")
	clone := exec.CommandContext(t.Context(), "git", "clone", "--quiet", "--depth=1", fileURL(t, checkout), copied)
	output, err := clone.CombinedOutput()
	require.NoError(t, err, "%s", output)
	return copied
}
