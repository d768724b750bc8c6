// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the Debian package has, with modes and owners.
func TestDebianPackage(t *testing.T) {
	listing := run(t, "dpkg-deb", "--contents", released(t, ".deb"))
	for _, want := range []string{
		`-rwxr-xr-x root/root .* ./usr/bin/otelcol-oversight`,
		`-rwxr-xr-x root/root .* ./usr/bin/oversight-siem`,
		`-rw-r----- root/otelcol-oversight .* ./etc/otelcol-oversight/config.yaml`,
		`-rw-r----- root/otelcol-oversight .* ./etc/otelcol-oversight/otelcol-oversight.conf`,
		`drwxr-s--- root/otelcol-oversight .* ./etc/otelcol-oversight/`,
		`drwxr-s--- root/otelcol-oversight .* ./etc/otelcol-oversight/secrets/`,
		`-rw-r--r-- root/root .* ./usr/lib/systemd/system/otelcol-oversight.service`,
		`-rw-r--r-- root/root .* ./usr/share/man/man1/otelcol-oversight.1.gz`,
		`-rw-r--r-- root/root .* ./usr/share/man/man1/oversight-siem-verify.1.gz`,
		`-rw-r--r-- root/root .* ./usr/share/bash-completion/completions/oversight-siem`,
		`-rw-r--r-- root/root .* ./usr/share/doc/otelcol-oversight/THIRD_PARTY_NOTICES.txt`,
	} {
		assert.Regexp(t, "(?m)^"+want+"$", listing)
	}
	assert.NotContains(t, listing, "oversightgen", "it writes registries and damages them")
	for line := range strings.SplitSeq(strings.TrimSpace(listing), "\n") {
		assert.NotRegexp(t, "^-.......w", line, "everybody can write it")
	}
}

// The package manager keeps what the administrator changes.
func TestDebianConfigurationFiles(t *testing.T) {
	assert.Equal(t, "/etc/otelcol-oversight/config.yaml\n/etc/otelcol-oversight/otelcol-oversight.conf\n",
		run(t, "dpkg-deb", "--info", released(t, ".deb"), "conffiles"))
}

// The configuration is the one that the command prints, and asks for nothing but the registry.
func TestPackagedConfiguration(t *testing.T) {
	dir := t.TempDir()
	run(t, "dpkg-deb", "--extract", released(t, ".deb"), dir)
	content, err := os.ReadFile(filepath.Join(dir, configuration))
	require.NoError(t, err)
	assert.Equal(t, run(t, filepath.Join(dir, "usr/bin/oversight-siem"), "config", "--for", "files"), string(content))
	validate := command(t, filepath.Join(dir, "usr/bin/otelcol-oversight"), "validate", "--config", filepath.Join(dir, configuration))
	validate.Env = []string{"OVERSIGHT_DATABASE=" + database, "OVERSIGHT_REGISTRY_ID=registry"}
	printed, err := validate.CombinedOutput()
	assert.NoError(t, err, "%s", printed)
}

// A man page names the version, and is one that man can format.
func TestManPages(t *testing.T) {
	dir := t.TempDir()
	run(t, "dpkg-deb", "--extract", released(t, ".deb"), dir)
	pages, err := filepath.Glob(filepath.Join(dir, "usr/share/man/man1/*.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, page := range pages {
		text := run(t, "zcat", page)
		assert.Contains(t, text, version(t), page)
		assert.NotContains(t, text, "@VERSION@", page)
	}
}

// Every program and everything that names a version agree.
func TestOneVersion(t *testing.T) {
	dir := t.TempDir()
	run(t, "tar", "--extract", "--gzip", "--strip-components=1", "--directory="+dir, "--file="+released(t, ".tar.gz"))
	want := version(t)
	assert.Equal(t, "otelcol-oversight version "+want+"\n", run(t, filepath.Join(dir, "otelcol-oversight"), "--version"))
	assert.Equal(t, "oversight-siem version "+want+"\n", run(t, filepath.Join(dir, "oversight-siem"), "--version"))
	assert.Equal(t, want, strings.TrimSpace(run(t, "dpkg-deb", "--field", released(t, ".deb"), "Version")))

	var sbom struct {
		Metadata struct {
			Component struct {
				Version string `json:"version"`
			} `json:"component"`
		} `json:"metadata"`
		Components []struct {
			Name string `json:"name"`
		} `json:"components"`
	}
	content, err := os.ReadFile(released(t, ".cdx.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &sbom))
	assert.Equal(t, "v"+want, sbom.Metadata.Component.Version)

	notices, err := os.ReadFile(filepath.Join(dir, "THIRD_PARTY_NOTICES.txt"))
	require.NoError(t, err)
	licensed := strings.Join(regexp.MustCompile(`(?m)^\S+ v\S+$`).FindAllString(string(notices), -1), "\n")
	for _, component := range sbom.Components {
		assert.NotRegexp(t, `^\.`, component.Name, "a directory of the checkout instead of a module")
		if component.Name != "std" && !strings.HasPrefix(component.Name, "github.com/oversight-protocol/") {
			assert.Regexp(t, "(?m)^"+regexp.QuoteMeta(component.Name)+" v", licensed, "a module without its license")
		}
	}
}

// version is the version of the release.
func version(t testing.TB) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(checkout, "builder-config.yaml"))
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^  version: (\S+)$`).FindSubmatch(content)
	require.NotNil(t, found)
	return string(found[1])
}
