// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// block is a block of commands in a page that needs neither root nor a service manager.
var block = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// operatorsHost is a directory in place of the file system of an operator's host, with
// the paths and addresses of docs/operate.md.
type operatorsHost struct {
	t       *testing.T
	replace *strings.Replacer
	env     []string
}

func newOperatorsHost(t *testing.T) *operatorsHost {
	t.Helper()
	root, health, metrics := t.TempDir(), freeAddress(t), freeAddress(t)
	var pairs []string
	for _, directory := range []string{"/etc/otelcol-oversight", "/var/lib/otelcol-oversight", "/var/log/otelcol-oversight", "/var/lib/oversight"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, directory), 0o755))
		pairs = append(pairs, directory, filepath.Join(root, directory))
	}
	copyFile(t, filepath.Join("..", "testdata", "registry.sqlite"), filepath.Join(root, "var", "lib", "oversight", "registry.sqlite"))
	_, metricsPort, err := net.SplitHostPort(metrics)
	require.NoError(t, err)
	pairs = append(pairs, "127.0.0.1:13133", health, "127.0.0.1:8888", metrics)
	return &operatorsHost{t: t, replace: strings.NewReplacer(pairs...), env: append(os.Environ(),
		"PATH="+filepath.Dir(collectorBinary)+":"+os.Getenv("PATH"),
		"OVERSIGHT_STATE="+filepath.Join(root, "var", "lib", "otelcol-oversight"),
		"OVERSIGHT_OUTPUT="+filepath.Join(root, "var", "log", "otelcol-oversight"),
		"HEALTH_ENDPOINT="+health, "METRICS_PORT="+metricsPort)}
}

// run runs commands, each of which has to succeed.
func (h *operatorsHost) run(commands string) {
	h.t.Helper()
	command := exec.Command("sh", "-eu", "-c", h.replace.Replace(commands))
	command.Env = h.env
	output, err := command.CombinedOutput()
	assert.NoError(h.t, err, "%s\n%s", commands, output)
}

// startService starts the collector as the service does, with the configuration that
// the page has written.
func (h *operatorsHost) startService() *process {
	h.t.Helper()
	command := exec.Command(collectorBinary, "--config", h.replace.Replace("/etc/otelcol-oversight/config.yaml"))
	command.Env, command.Dir = h.env, "/"
	return startCollector(h.t, command)
}

// Every block of docs/operate.md that can run here runs, in the order of the page.
// Those about a running collector have one.
func TestCommandsOfOperate(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "operate.md"))
	require.NoError(t, err)
	blocks := block.FindAllStringSubmatch(string(page), -1)
	require.Equal(t, strings.Count(string(page), "```sh\n"), len(blocks))
	require.NotEmpty(t, blocks)
	host := newOperatorsHost(t)
	host.run(blocks[0][1]) // writes the configuration
	collector := host.startService()
	collector.waitForOutput(collector.ready)
	collector.interrupt() // and leaves a checkpoint to back up
	for _, match := range blocks[1:] {
		commands := match[1]
		if !strings.Contains(commands, "127.0.0.1:") {
			host.run(commands)
			continue
		}
		collector := host.startService()
		collector.waitForOutput(collector.ready)
		host.run(commands)
		collector.interrupt()
	}
}
