// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An installation with an earlier collector, whose configuration an administrator
// has edited, is upgraded while it runs: no event is lost or repeated. Then it is rolled back
// and upgraded again.
func TestUpgrade(t *testing.T) {
	const (
		events = state + "/ecs.ndjson" // beside the checkpoint, as in that configuration
		backup = "/root/otelcol-oversight-checkpoint.tar.gz"
	)
	m := newMachine(t)
	oldest := versionOne.debianPackage(t)
	m.install(oldest)
	m.append(configuration, edit)
	m.append(settings, "OVERSIGHT_STATE="+state+"\n")
	m.addRegistry(40)
	m.run("systemctl", "enable", "--now", unit)
	m.awaitEvents(events, 40)

	// The backup that docs/operate.md tells to make.
	m.run("systemctl", "stop", unit)
	assert.Equal(t, map[string]bool{"1": true}, m.checkpointVersions())
	m.run("tar", "-C", state, "-czf", backup, "checkpoint")
	m.run("systemctl", "start", unit)

	m.addEvents(2)
	m.upgrade(released(t, ".deb"))
	m.awaitEvents(events, 42)
	m.addEvents(3)
	m.awaitEvents(events, 45)
	assert.Contains(t, m.checkpointVersions(), "2")

	m.upgrade(unpackaged.debianPackage(t)) // back, to one that knows the checkpoint
	m.addEvents(4)
	m.awaitEvents(events, 49)
	m.upgrade(released(t, ".deb"))
	m.addEvents(1)
	m.awaitEvents(events, 50)

	// Back to one that does not know the checkpoint. What was delivered since the backup
	// is delivered again.
	m.run("systemctl", "stop", unit)
	m.run("rm", "-rf", state+"/checkpoint")
	m.run("tar", "-C", state, "-xzf", backup)
	m.install(oldest)
	m.run("systemctl", "start", unit)
	m.addEvents(1)
	ids := m.awaitDocuments(events, 50+10+1)
	assert.Len(t, distinct(ids), 51)
	assert.Len(t, distinct(ids[50:]), 11, "repeated events are those since the backup, once")
	assert.NotContains(t, distinct(ids[50:]), "40", "it was delivered before the backup")
}

// upgrade installs another version over the one that runs.
func (m *machine) upgrade(file string) {
	m.t.Helper()
	process := m.run("systemctl", "show", "--property=MainPID", unit)
	m.install(file)
	assert.Equal(m.t, "active", m.run("systemctl", "is-active", unit))
	assert.NotEqual(m.t, process, m.run("systemctl", "show", "--property=MainPID", unit), "the old version still runs")
	assert.Contains(m.t, m.run("cat", configuration)+"\n", edit)
	assert.Contains(m.t, m.run("cat", settings)+"\n", "OVERSIGHT_STATE="+state+"\n")
}

// checkpointVersions are the versions of the checkpoints, as they stand in the files,
// replaced ones among them.
func (m *machine) checkpointVersions() map[string]bool {
	m.t.Helper()
	files, err := filepath.Glob(m.path(state + "/checkpoint/*"))
	require.NoError(m.t, err)
	versions := map[string]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(m.t, err)
		for _, found := range regexp.MustCompile(`\{"version":(\d+),`).FindAllSubmatch(content, -1) {
			versions[string(found[1])] = true
		}
	}
	return versions
}
