// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package doctor_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
)

// withUnit makes systemd have a service with these settings, whose environment file names
// the configuration.
func (s *setup) withUnit(t *testing.T, properties string) {
	t.Helper()
	environment := filepath.Join(s.dir, "service.conf")
	require.NoError(t, os.WriteFile(environment, []byte("OTELCOL_OPTIONS=--config="+filepath.Join(s.dir, "config.yaml")+"\n"), 0o644))
	bin := t.TempDir()
	script := "#!/bin/sh\ncat <<'END'\nEnvironmentFiles=" + environment + " (ignore_errors=no)\n" + properties + "\nEND\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "systemctl"), []byte(script), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

// What the unit hides from the service, or lets it read only, is named: this command sees
// and writes it.
func TestServiceUnit(t *testing.T) {
	const hardened = "LoadState=loaded\nProtectHome=yes\nProtectSystem=strict\nPrivateTmp=yes\nStateDirectory=otelcol-oversight\nLogsDirectory=otelcol-oversight"
	for _, c := range []struct {
		name, properties, database, storage string
		seen, remedy                        string
	}{
		{"home", hardened, "/home/op/registry.sqlite", "/var/lib/otelcol-oversight/checkpoint", "does not see /home/op/registry.sqlite: its unit has ProtectHome=yes", "ProtectHome=read-only"},
		{"tmp", hardened, "/tmp/registry.sqlite", "/var/lib/otelcol-oversight/checkpoint", "does not see /tmp/registry.sqlite: its unit has PrivateTmp=yes", "move it"},
		{"strict", hardened, "/srv/registry.sqlite", "/data/state", "cannot write to /data/state: its unit has ProtectSystem=strict", "ReadWritePaths=/data/state"},
		{"permitted", hardened + "\nReadWritePaths=/data /other", "/srv/registry.sqlite", "/data/state", "", ""},
		{"home read-only", "LoadState=loaded\nProtectHome=read-only\nPrivateTmp=no\nProtectSystem=full", "/home/op/registry.sqlite", "/data/state", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSetup(t)
			s.withUnit(t, c.properties)
			s.moreConfig = []string{
				"yaml:receivers::oversight::database: " + c.database, "yaml:receivers::oversight::transparency_log: null",
				"yaml:extensions::file_storage::directory: " + c.storage, "yaml:exporters::file::path: /var/log/otelcol-oversight/events.ndjson",
			}
			report := s.run(t)
			if c.seen != "" {
				(&fault{name: c.name, check: "service", seen: c.seen, remedy: c.remedy}).assertNamed(t, report)
				return
			}
			found := results(report, "service")
			require.Len(t, found, 1)
			assert.Equal(t, doctor.StatusOK, found[0].Status, found)
		})
	}
}

// A service with another configuration, or none, is no matter of this one.
func TestServiceOfAnotherConfiguration(t *testing.T) {
	for _, properties := range []string{"LoadState=not-found", "LoadState=loaded\nProtectHome=yes\nEnvironmentFiles=/none"} {
		s := newSetup(t)
		s.withUnit(t, properties)
		if properties != "LoadState=not-found" {
			require.NoError(t, os.WriteFile(filepath.Join(s.dir, "service.conf"), []byte("OTELCOL_OPTIONS=--config=/etc/other.yaml\n"), 0o644))
		}
		assert.Empty(t, results(s.run(t), "service"))
	}
}
