// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/pagecommands"
)

// pagesWithCommands are the pages whose commands run in tests: those with the prompt "#" in
// test/release/packages, in a Debian with the package, and the others here.
var pagesWithCommands = []string{filepath.Join("..", "README.md"), filepath.Join("..", "docs", "operate.md")}

const (
	needsDocker     = "needs Docker and the reference registry's image; test/release runs the image in the layout of the Compose file"
	needsKubernetes = "needs a cluster; test/release renders the chart with these values"
)

// notRun are the blocks that no test runs, by the beginning of their first line, and why.
var notRun = map[string]string{
	"curl -fsSL --remote-name-all https://github.com/": "needs a published release",
	"skopeo copy oci-archive:":                         "needs Docker; test/release builds the image and runs it",
	"docker compose -f docker-compose.yml":             needsDocker,
	"docker compose stop oversight-collector":          needsDocker,
	"docker compose exec oversight-collector":          needsDocker,
	"echo OVERSIGHT_COLLECTOR_IMAGE=":                  needsDocker,
	"go install github.com/oversight-protocol":         "needs a published version; test/install runs it with a module proxy of its own",
	"make run ":             "runs until Ctrl-C, and all tests; TestDemoEndsWithCtrlC runs the demo",
	"kubectl create secret": needsKubernetes,
	"kubectl scale":         needsKubernetes,
	"helm upgrade":          needsKubernetes,
	"helm uninstall":        needsKubernetes,
}

// operatorsHost is a directory in place of the file system of an operator's host, with
// the paths and addresses of the pages.
type operatorsHost struct {
	t         *testing.T
	directory string // the working directory, with copies of a registry's files
	replace   *strings.Replacer
	env       []string
}

func newOperatorsHost(t *testing.T) *operatorsHost {
	t.Helper()
	root, health, metrics := t.TempDir(), freeAddress(t), freeAddress(t)
	// The bundle is of a registry of its own. Key and id are cut in the page.
	pairs := []string{
		"bundle.json --public-key 056872fe…", "bundle.json --public-key " + publishedKey(t, "registry-public"),
		"056872fe…", publishedKey(t, "."),
		"https://registry.example.org", serveRegistry(t),
		"127.0.0.1:13133", health, "127.0.0.1:8888", metrics,
	}
	for _, directory := range []string{"/etc/otelcol-oversight", "/var/lib/otelcol-oversight", "/var/log/otelcol-oversight", "/var/lib/oversight"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, directory), 0o755))
		pairs = append(pairs, directory, filepath.Join(root, directory))
	}
	testdata := filepath.Join("..", "testdata")
	copyFile(t, filepath.Join(testdata, "registry.sqlite"), filepath.Join(root, "var", "lib", "oversight", "registry.sqlite"))
	directory := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(directory, "tlog"), 0o755))
	for _, name := range []string{"registry.sqlite", "signed-head.json", filepath.Join("tlog", "leaves.jsonl")} {
		copyFile(t, filepath.Join(testdata, name), filepath.Join(directory, name))
	}
	_, metricsPort, err := net.SplitHostPort(metrics)
	require.NoError(t, err)
	return &operatorsHost{t: t, directory: directory, replace: strings.NewReplacer(pairs...), env: append(os.Environ(),
		"PATH="+filepath.Dir(collectorBinary)+":"+os.Getenv("PATH"),
		"OVERSIGHT_STATE="+filepath.Join(root, "var", "lib", "otelcol-oversight"),
		"OVERSIGHT_OUTPUT="+filepath.Join(root, "var", "log", "otelcol-oversight"),
		"HEALTH_ENDPOINT="+health, "METRICS_PORT="+metricsPort)}
}

// serveRegistry serves what the registry of the pages publishes, and returns its URL.
func serveRegistry(t *testing.T) string {
	t.Helper()
	files := http.NewServeMux()
	for path, name := range map[string]string{
		"/tlog/head":     "signed-head.json",
		"/evidence/{id}": filepath.Join("registry-public", "evidence-1.json"),
	} {
		files.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join("..", "testdata", name))
		})
	}
	return serve(t, files)
}

// publishedKey returns the key that a registry of testdata publishes.
func publishedKey(t *testing.T, registry string) string {
	t.Helper()
	var known struct {
		Key string `json:"ed25519_pub"`
	}
	text, err := os.ReadFile(filepath.Join("..", "testdata", registry, "well-known.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &known))
	require.NotEmpty(t, known.Key)
	return known.Key
}

// run runs a command, which has to succeed, and to print what the page shows.
func (h *operatorsHost) run(command pagecommands.Command) {
	h.t.Helper()
	shell := exec.Command("sh", "-eu", "-c", h.replace.Replace(command.Text))
	shell.Env, shell.Dir = h.env, h.directory
	var stderr bytes.Buffer
	shell.Stderr = &stderr
	printed, err := shell.Output()
	if assert.NoError(h.t, err, "%s\n%s%s", command.Text, printed, &stderr) && command.Output != "" {
		assert.Contains(h.t, string(printed)+stderr.String(), command.Output, command.Text)
	}
}

// startService starts the collector as the service does, with the configuration that
// the page has written.
func (h *operatorsHost) startService() *process {
	h.t.Helper()
	command := exec.Command(collectorBinary, "--config", h.replace.Replace("/etc/otelcol-oversight/config.yaml"))
	command.Env, command.Dir = h.env, "/"
	collector := startCollector(h.t, command)
	collector.waitForOutput(collector.ready)
	return collector
}

// Every block of commands runs, here or in test/release/packages, or is listed with the
// reason. Those about a running collector have one.
func TestCommandsOfPages(t *testing.T) {
	listed := map[string]int{}
	for _, page := range pagesWithCommands {
		t.Run(filepath.Base(page), func(t *testing.T) {
			blocks, err := pagecommands.Read(page)
			require.NoError(t, err)
			require.NotEmpty(t, blocks)
			host := newOperatorsHost(t)
			for _, block := range blocks {
				if title := reasonNotRun(block); title != "" {
					listed[title]++
				} else if !block.Root {
					host.runBlock(block)
				}
			}
		})
	}
	for title := range notRun {
		assert.NotZero(t, listed[title], "no block begins with %q any more", title)
	}
}

// reasonNotRun returns the key of notRun that lists a block, or nothing.
func reasonNotRun(block pagecommands.Block) string {
	for title := range notRun {
		if strings.HasPrefix(block.Title(), title) {
			return title
		}
	}
	return ""
}

func (h *operatorsHost) runBlock(block pagecommands.Block) {
	h.t.Helper()
	for _, command := range block.Commands {
		if !strings.Contains(command.Text, "127.0.0.1:") {
			h.run(command)
			continue
		}
		collector := h.startService()
		h.run(command)
		collector.interrupt()
	}
}
