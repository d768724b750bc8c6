// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Five receivers whose destination hangs end together within the one deadline.
func TestFaultFiveHangingReceivers(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	hang(t, s.hec)
	var receivers, pipelines strings.Builder
	for i := range 5 {
		fmt.Fprintf(&receivers, "  oversight/%d: {database: %q, registry_id: deadbeef, storage: file_storage}\n", i, s.databases[0])
		fmt.Fprintf(&pipelines, "    logs/%d: {receivers: [oversight/%d], processors: [oversight_siem/splunk], exporters: [splunk_hec]}\n", i, i)
	}
	collector := s.run(nil, "splunk.yaml", "receivers:\n"+receivers.String()+"service:\n  pipelines:\n"+pipelines.String())
	s.hec.waitForAttempts(t, 6)
	took := collector.Terminate(40 * time.Second)
	t.Logf("ended %v after SIGTERM", took.Round(100*time.Millisecond))
	assert.Less(t, took, shutdownLimit)
}

// A long outage is a page of log, without stack traces, and what is logged is true.
func TestFaultOutageIsAPageOfLog(t *testing.T) {
	for _, name := range []string{"splunk", "elastic", "sentinel"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			s.destination(name).fails(html(http.StatusServiceUnavailable))
			target := s.targets(t)[name]
			collector := s.runTarget(target, "receivers: {oversight/"+name+": {retry_on_failure: {initial_interval: 5ms, max_interval: 10ms}}}")
			s.destination(name).waitForAttempts(t, 400)
			log := collector.Output.String()
			lines := strings.Count(log, "\n")
			t.Logf("400 attempts: %d lines, %d bytes", lines, len(log))
			assert.LessOrEqual(t, lines, 80)
			assert.NotContains(t, log, ".func1\n", "a stack trace")
			s.destination(name).setFault(nil)
			requireArrived(t, target.recorder, ordinary)
			collector.interrupt()
		})
	}
}

// One collector is told that another has its storage.
func TestFaultSecondCollectorOnTheSameStorage(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	first := s.run(nil, "splunk.yaml")
	requireArrived(t, s.hec, ordinary)
	second := s.command(nil, "splunk.yaml")
	output := make(chan string, 1)
	go func() {
		text, _ := second.CombinedOutput()
		output <- string(text)
	}()
	select {
	case text := <-output:
		assert.Contains(t, text, filepath.Join(s.dir, "state", "checkpoint"))
		assert.Contains(t, text, "another")
	case <-time.After(faultTimeout):
		_ = second.Process.Kill()
		require.Fail(t, "still running", <-output)
	}
	first.interrupt()
}

// validate checks a shipped configuration with changes.
func (s *site) validate(name string, changes ...string) (output string, err error) {
	cmd := s.command([]string{"validate"}, name, changes...)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// What cannot be meant is an error of the configuration, which names the key.
func TestFaultConfigurations(t *testing.T) {
	for name, test := range map[string]struct{ change, words string }{
		"since in milliseconds":     {"since: 1767225600000", "since"},
		"registry_id in upper case": {"registry_id: " + strings.Repeat("DEADBEEF", 8), "registry_id"},
		"registry_id of 63 digits":  {"registry_id: " + strings.Repeat("deadbeef", 8)[1:], "registry_id"},
		"registry_id with newline":  {`registry_id: "shop\n1"`, "registry_id"},
		"database null":             {"database: ~", "database"},
		"database ends in a slash":  {"database: /var/lib/oversight/", "database"},
		"max_elapsed_time":          {"retry_on_failure: {max_elapsed_time: 5m}", "on_refusal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			output, err := s.validate("splunk.yaml", "receivers: {oversight/splunk: {"+test.change+"}}")
			if name == "registry_id in upper case" && err == nil {
				requireNormalizedID(t, s, test.change)
				return
			}
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, output)
			assert.Contains(t, output, test.words)
		})
	}
}

// requireNormalizedID requires that the key of the registry arrives in lower case,
// as the registry writes it.
func requireNormalizedID(t *testing.T, s *site, change string) {
	t.Helper()
	collector := s.run(nil, "splunk.yaml", "receivers: {oversight/splunk: {"+change+"}}")
	requireArrived(t, s.hec, ordinary)
	collector.interrupt()
	events, _ := s.hec.byID()
	assert.Equal(t, strings.Repeat("deadbeef", 8), events["1"]["host"])
}
