// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// registryID is the id of the registry in testdata/registry.sqlite.
const registryID = "056872fec48d4d096a0f29fe542216fed524d6ad743a4cfbe35eba54828a3241"

// shutdownLimit is the time that the collector takes at most to end.
const shutdownLimit = 7 * time.Second

// composeVariables are those without a default.
var composeVariables = []string{"OVERSIGHT_REGISTRY_ID=" + registryID, "SPLUNK_HEC_ENDPOINT=https://splunk.example.org:8088/services/collector"}

// composeProject is what the tests look at in a merged Compose project.
type composeProject struct {
	Services map[string]composeService `json:"services"`
	Secrets  map[string]struct {
		File string `json:"file"`
	} `json:"secrets"`
}

type composeService struct {
	Image       string            `json:"image"`
	User        string            `json:"user"`
	ReadOnly    bool              `json:"read_only"`
	Privileged  bool              `json:"privileged"`
	CapDrop     []string          `json:"cap_drop"`
	SecurityOpt []string          `json:"security_opt"`
	Restart     string            `json:"restart"`
	StopPeriod  string            `json:"stop_grace_period"`
	Environment map[string]string `json:"environment"`
	Ports       []any             `json:"ports"`
	HealthCheck struct {
		Test []string `json:"test"`
	} `json:"healthcheck"`
	Volumes []struct {
		Type     string `json:"type"`
		Source   string `json:"source"`
		Target   string `json:"target"`
		ReadOnly bool   `json:"read_only"`
	} `json:"volumes"`
	Secrets []struct {
		Source string `json:"source"`
		Target string `json:"target"`
	} `json:"secrets"`
}

// mounts returns the volumes by their paths in the container, and whether they are
// read-only.
func (s composeService) mounts() map[string]bool {
	found := map[string]bool{}
	for _, volume := range s.Volumes {
		found[volume.Target] = volume.ReadOnly
	}
	return found
}

// composeDirectory lays out the registry's project with deploy/compose in it, as its
// README.md says.
func composeDirectory(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	text, err := os.ReadFile(filepath.Join("testdata", "registry-compose.yml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(directory, "docker-compose.yml"), text, 0o600))
	require.NoError(t, os.CopyFS(filepath.Join(directory, "collector"), os.DirFS(root(t, "deploy", "compose"))))
	return directory
}

func composeArguments(directory string) []string {
	return []string{directory, filepath.Join(directory, "docker-compose.yml"), filepath.Join(directory, "collector", "compose.yaml")}
}

// mergeCompose returns the registry's project with the collector.
func mergeCompose(t *testing.T, directory string) composeProject {
	t.Helper()
	var project composeProject
	require.NoError(t, json.Unmarshal(run(t, composeVariables, tool(t, "compose"), composeArguments(directory)...), &project))
	return project
}

// The collector fits into the project of the reference registry, reads its data and
// can change nothing.
func TestComposeAddsCollector(t *testing.T) {
	directory := composeDirectory(t)
	project := mergeCompose(t, directory)
	require.Contains(t, project.Services, "oversight-registry")
	collector := project.Services["oversight-collector"]
	registry := project.Services["oversight-registry"]

	// What it reads is what the registry writes.
	assert.Equal(t, registry.Environment["OVERSIGHT_DB"], collector.Environment["OVERSIGHT_DATABASE"])
	assert.Equal(t, filepath.Join(registry.Environment["OVERSIGHT_DATA"], "tlog", "leaves.jsonl"), collector.Environment["OVERSIGHT_TLOG"])
	assert.Equal(t, registry.Volumes[0].Source, collector.Volumes[0].Source)
	assert.Equal(t, map[string]bool{
		"/data":                              true,
		"/var/lib/otelcol-oversight":         false,
		"/etc/otelcol-oversight/config.yaml": true,
	}, collector.mounts())

	assert.Equal(t, "10001:10001", collector.User)
	assert.True(t, collector.ReadOnly)
	assert.False(t, collector.Privileged)
	assert.Equal(t, []string{"ALL"}, collector.CapDrop)
	assert.Equal(t, []string{"no-new-privileges:true"}, collector.SecurityOpt)
	assert.Equal(t, "unless-stopped", collector.Restart)
	assert.Empty(t, collector.Ports)
	assert.Equal(t, []string{"CMD", "/usr/bin/oversight-siem", "health", "--alive"}, collector.HealthCheck.Test)

	period, err := time.ParseDuration(collector.StopPeriod)
	require.NoError(t, err)
	assert.Greater(t, period, shutdownLimit)

	require.Len(t, collector.Secrets, 1)
	assert.Equal(t, filepath.Join(directory, "collector", "secrets", "splunk_hec_token"), project.Secrets[collector.Secrets[0].Source].File)
	for name := range collector.Environment {
		assert.NotContains(t, name, "TOKEN", "secrets are files")
	}
}

// The image of the Compose file is that of this version.
func TestComposeNamesVersion(t *testing.T) {
	project := mergeCompose(t, composeDirectory(t))
	assert.Equal(t, "otelcol-oversight:"+version(t), project.Services["oversight-collector"].Image)
}

// The pages about the deployments name this version.
func TestPagesNameVersion(t *testing.T) {
	named := regexp.MustCompile(`otelcol-oversight[:_](\d+\.\d+\.\d+)`)
	for _, name := range []string{"compose", "kubernetes"} {
		text, err := os.ReadFile(root(t, "deploy", name, "README.md"))
		require.NoError(t, err)
		matches := named.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, matches, name)
		for _, match := range matches {
			assert.Equal(t, version(t), match[1], "%s: %s", name, match[0])
		}
	}
}

// A variable that is not set is named, with what to set it to.
func TestComposeNamesMissingVariable(t *testing.T) {
	command := exec.CommandContext(t.Context(), tool(t, "compose"), composeArguments(composeDirectory(t))...)
	command.Env = append(os.Environ(), composeVariables[1:]...)
	output, err := command.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(output), "OVERSIGHT_REGISTRY_ID")
	assert.Contains(t, string(output), "ed25519_pub")
}
