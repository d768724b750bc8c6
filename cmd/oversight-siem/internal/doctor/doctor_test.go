// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// Nothing is wrong with a right set-up, and no event is sent.
func TestRightSetup(t *testing.T) {
	s := newSetup(t)
	report := s.run(t)
	for _, r := range report {
		// Tests may run as root, and the set-up has one registry for all destinations.
		if r.Check == "user" || strings.Contains(r.Seen, "has several exporters") {
			continue
		}
		assert.NotContains(t, []doctor.Status{doctor.StatusFailed, doctor.StatusWarning}, r.Status, "%+v", r)
	}
	for _, id := range []string{"registry.file", "registry.schema", "registry.replaced", "registry.key", "storage", "log.file", "log.rows", "log.head", "splunk.health", "splunk.token", "elasticsearch.key", "elasticsearch.privileges", "elasticsearch.template", "elasticsearch.block", "azure.rule", "file.directory", "config.references"} {
		found := results(report, id)
		require.NotEmpty(t, found, id)
		assert.Equal(t, doctor.StatusOK, found[0].Status, "%+v", found)
	}
	assert.Equal(t, doctor.StatusNotChecked, results(report, "splunk.index")[0].Status)
}

// Each fault is named with a remedy.
func TestFaults(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			s := newSetup(t)
			f.change(t, s)
			report := s.run(t)
			f.assertNamed(t, report)
			assert.NotContains(t, text(t, report), hecToken, "a secret")
			assert.NotContains(t, text(t, report), "good-", "a secret")
		})
	}
}

// No fault hides another.
func TestFaultsTogether(t *testing.T) {
	var together []fault
	s := newSetup(t)
	for _, f := range faults() {
		if f.together {
			f.change(t, s)
			together = append(together, f)
		}
	}
	require.Greater(t, len(together), 5)
	report := s.run(t)
	for i := range together {
		together[i].assertNamed(t, report)
	}
}

// A test event is sent on request only, one to each destination that can take it.
func TestSendTest(t *testing.T) {
	s := newSetup(t)
	s.settings.SendTest = true
	report := s.run(t)
	for _, id := range []string{"splunk.index", "elasticsearch.event"} {
		found := results(report, id)
		require.Len(t, found, 1)
		assert.Equal(t, doctor.StatusOK, found[0].Status)
		assert.Contains(t, found[0].Seen, "oversight-siem doctor test")
	}
}

// A secret of the configuration is in no result, whatever a program or a server says.
func TestSecrets(t *testing.T) {
	s := newSetup(t)
	s.settings.Collector = filepath.Join(s.dir, "collector")
	require.NoError(t, os.WriteFile(s.settings.Collector, []byte("#!/bin/sh\necho the token is "+hecToken+"\nexit 1\n"), 0o755))
	s.hec.handler = always(http.StatusBadRequest, "application/json", `{"text":"what is `+hecToken+`","code":99}`)
	report := s.run(t)
	assert.Contains(t, results(report, "config.validate")[0].Seen, "the token is ")
	assert.Contains(t, results(report, "splunk.token")[0].Seen, "what is ")
	assert.NotContains(t, text(t, report), hecToken)
}

// The lines of --json are the results.
func TestJSON(t *testing.T) {
	report := doctor.Report{{Check: "storage", Component: "oversight", Status: doctor.StatusFailed, Seen: "the disk is full", Remedy: "free some"}}
	var out bytes.Buffer
	require.NoError(t, report.WriteJSON(&out))
	var got doctor.Result
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	assert.Equal(t, report[0], got)
	assert.Equal(t, "[failed] storage oversight: the disk is full. Remedy: free some\n", text(t, report))
}

func text(t *testing.T, report doctor.Report) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, report.WriteText(&out))
	return out.String()
}

// fault is one thing that is wrong with a set-up.
type fault struct {
	name     string
	change   func(t *testing.T, s *setup)
	check    string
	status   doctor.Status // "" is failed
	seen     string
	remedy   string
	together bool // it can be there beside the others that are marked
}

// assertNamed asserts that a result names the fault.
func (f *fault) assertNamed(t *testing.T, report doctor.Report) {
	t.Helper()
	status := f.status
	if status == "" {
		status = doctor.StatusFailed
	}
	for _, r := range results(report, f.check) {
		if r.Status == status && strings.Contains(r.Seen, f.seen) && strings.Contains(r.Remedy, f.remedy) {
			return
		}
	}
	assert.Fail(t, "the fault is not named", "%s: want %s %q %q\n%s", f.name, status, f.seen, f.remedy, text(t, report))
}

// A storage that will be made in the registry's directory leaves no trace there before.
func TestStorageToBeMadeBesideTheDatabase(t *testing.T) {
	s := newSetup(t)
	s.storage = filepath.Join(filepath.Dir(s.database), "state")
	s.moreConfig = []string{"yaml:extensions::file_storage::create_directory: true"}
	found := results(s.run(t), "storage") // which compares the directory
	require.Len(t, found, 1)
	assert.Equal(t, doctor.StatusOK, found[0].Status, found)
}

// A receiver that no pipeline uses is not started, and nothing that it names fails.
func TestUnusedReceiver(t *testing.T) {
	s := newSetup(t)
	s.moreConfig = []string{"yaml:receivers::oversight/unused::database: /none/registry.sqlite"}
	report := s.run(t)
	for _, result := range report {
		if result.Component == "oversight/unused" {
			assert.Equal(t, doctor.StatusNotChecked, result.Status, result)
			assert.Contains(t, result.Seen, "no pipeline uses the receiver")
		}
	}
	assert.Len(t, results(report, "config.receiver"), 1)
}

// A check that has no time says so. It does not say that anything is damaged, whose
// remedy would cost the checkpoint.
func TestNoTime(t *testing.T) {
	s := newSetup(t)
	saveRoot(t, s, []byte(`{"version":1}`))
	s.settings.Timeout = time.Nanosecond
	report := s.run(t)
	for _, id := range []string{"storage", "registry.replaced", "registry.schema", "log.rows"} {
		for _, result := range results(report, id) {
			assert.Equal(t, doctor.StatusNotChecked, result.Status, result)
			assert.NotContains(t, result.Seen, "damaged")
		}
	}
	s.settings.Timeout = -time.Second
	_, err := doctor.Run(t.Context(), s.settings)
	require.ErrorContains(t, err, "--timeout is -1s: must be positive")
}
