// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serviceConfigurations returns the configurations in config/ that a service can run:
// all but the demo's, and those that change another one.
func serviceConfigurations(t *testing.T) (names []string) {
	t.Helper()
	for _, pattern := range []string{"*.yaml", filepath.Join("gateway", "*.yaml")} {
		found, err := filepath.Glob(filepath.Join(configDir, pattern))
		require.NoError(t, err)
		for _, file := range found {
			name, err := filepath.Rel(configDir, file)
			require.NoError(t, err)
			if _, changes := additions[name]; !changes && name != "demo.yaml" {
				names = append(names, name)
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}

var (
	comment          = regexp.MustCompile(`(?m)^\s*#.*$`)
	requiredVariable = regexp.MustCompile(`\$\{env:(\w+)\}`)
)

// Without any variable, the collector names the file, and every variable that the
// configuration requires.
func TestMissingVariablesAreNamed(t *testing.T) {
	for _, name := range serviceConfigurations(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(configDir, name)
			command := exec.Command(collectorBinary, "--config", path)
			command.Env = []string{}
			output, err := command.CombinedOutput()
			require.Error(t, err, string(output))
			required := requiredVariable.FindAllStringSubmatch(comment.ReplaceAllString(shipped(t, name), ""), -1)
			require.NotEmpty(t, required)
			for _, match := range required {
				assert.Contains(t, string(output), match[1])
			}
			assert.Contains(t, string(output), path+":")
			assert.NotContains(t, string(output), "goroutine")
		})
	}
}

// A service manager starts the collector in /: no path depends on where it is started.
func TestPathsAreAbsolute(t *testing.T) {
	relative := regexp.MustCompile(`(directory|path|database|leaves): (\./|\$\{env:\w+:-[^/}])`)
	for _, name := range serviceConfigurations(t) {
		assert.NotRegexp(t, relative, shipped(t, name), name)
	}
}

// option is a line that an operator uncomments: a secret from a file, TLS, a proxy.
var option = regexp.MustCompile(`(?m)^(\s*)# ((?:  )*(?:tls:$|ca_file: |cert_file: |key_file: |proxy_url: |auth:$|sasl:$|mechanism: |username: |password: |headers:$|authorization: ))`)

// The options that the configurations show in comments are right.
func TestCommentedOptionsAreValid(t *testing.T) {
	for _, name := range serviceConfigurations(t) {
		t.Run(name, func(t *testing.T) {
			text := option.ReplaceAllString(shipped(t, name), "$1$2")
			directory := t.TempDir()
			for secret := range strings.SplitSeq("splunk-hec-token elasticsearch-api-key opensearch-password azure-client-secret applicationinsights-connection-string kafka-password otlp-token", " ") {
				require.NoError(t, os.WriteFile(filepath.Join(directory, secret), []byte("InstrumentationKey="+instrumentationKey+"\n"), 0o600))
			}
			text = fromFile.ReplaceAllString(text, "$1$3: $2")
			text = strings.ReplaceAll(text, "${file:/etc/otelcol-oversight/secrets/", "${file:"+directory+"/")
			if name != "files.yaml" {
				require.NotEqual(t, shipped(t, name), text, "shows no option")
			}
			path := filepath.Join(directory, "config.yaml")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			s := newSite(t, "edge.sqlite", "registry.sqlite")
			s.kafka = "127.0.0.1:1" // validate connects to nothing
			command := exec.Command(collectorBinary, "validate", "--config", path)
			command.Env = s.environment()
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))
		})
	}
}

// fromFile is a secret with the comment that shows it from a file.
var fromFile = regexp.MustCompile(`(?m)^(\s*)# From a file: (\S+)\n\s*(\w+): .*$`)
