// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// addRegistry writes a registry, and lets the service read it as docs say: by its group.
func (m *machine) addRegistry(events int) {
	m.t.Helper()
	m.run("useradd", "--system", "--user-group", "registry")
	m.run("usermod", "--append", "--groups", "registry", "otelcol-oversight")
	require.NoError(m.t, os.MkdirAll(m.path(filepath.Dir(database)), 0o750))
	m.addEvents(events)
}

// addEvents adds events to the registry.
func (m *machine) addEvents(events int) {
	m.t.Helper()
	generator, err := filepath.Abs(filepath.Join(checkout, "bin", "oversightgen"))
	require.NoError(m.t, err)
	run(m.t, generator, "--db", m.path(database), "--count", fmt.Sprint(events))
	m.run("chown", "--recursive", "registry:registry", filepath.Dir(database))
	m.run("chmod", "--recursive", "u=rwX,g=rX,o=", filepath.Dir(database))
}

// awaitEvents waits for a number of events in a file of ECS documents, each of which
// may be there once.
func (m *machine) awaitEvents(file string, want int) {
	m.t.Helper()
	ids := m.awaitDocuments(file, want)
	assert.Len(m.t, distinct(ids), want, "events are there twice: %v", ids)
}

// awaitDocuments waits for a number of documents, and returns the ids of their events.
func (m *machine) awaitDocuments(file string, want int) []string {
	m.t.Helper()
	var ids []string
	arrived := assert.Eventually(m.t, func() bool {
		ids = m.delivered(file)
		return len(ids) >= want
	}, waitTimeout, 100*time.Millisecond)
	require.True(m.t, arrived, "%d of %d events arrived:\n%s", len(ids), want, m.journal())
	require.Len(m.t, ids, want)
	return ids
}

func distinct(ids []string) map[string]bool {
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	return seen
}

// delivered returns the ids of the events in a file.
func (m *machine) delivered(file string) []string {
	content, _ := os.ReadFile(m.path(file)) // it is not there at first
	var ids []string
	for line := range strings.Lines(string(content)) {
		var document struct {
			Event struct{ ID, Dataset string }
		}
		if json.Unmarshal([]byte(line), &document) == nil && document.Event.Dataset == "oversight.beacon" { // or it is being written
			ids = append(ids, document.Event.ID)
		}
	}
	return ids
}
