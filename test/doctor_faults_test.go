// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"cmp"
	"crypto/ed25519"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// doctorFault is something that is wrong, and the line that names it.
type doctorFault struct {
	name   string
	change func(s *doctorScene)
	// check, status, seen and remedy are those of the line; status is "failed" if it
	// is empty, and seen and remedy are parts of the texts.
	check, status, seen, remedy string
	// also are the checks with another result than without the fault, beside check: the
	// fault is theirs too, or they cannot be made.
	also []string
	// arguments are for the command.
	arguments []string
	// together says that the fault can be there beside all others that say so.
	together bool
}

func (f *doctorFault) wantStatus() string { return cmp.Or(f.status, "failed") }

// Each fault alone is named with its remedy, and every other check says what it says
// without the fault.
func TestDoctorNamesEachFault(t *testing.T) {
	right := withCheckpoint(t)
	scene := newDoctorScene(t, right)
	clean := scene.run()
	clean.requireClean(t)
	for _, f := range doctorFaults() {
		t.Run(f.name, func(t *testing.T) {
			s := newDoctorScene(t, right)
			f.change(s)
			report := s.run(f.arguments...)
			assert.True(t, report.names(&f), "want %s %s %q %q\n%s", f.check, f.wantStatus(), f.seen, f.remedy, report.text)
			changed := report.changed(&clean)
			assert.Subset(t, append(f.also, f.check), changed, report.text)
			assert.Subset(t, changed, f.also, "a check that the fault does not change\n%s", report.text)
			want := 0
			if strings.Contains(strings.Join(slices.Collect(valuesOf(report.statuses())), " "), "failed") {
				want = 1
			}
			assert.Equal(t, want, report.status)
			requireNoSecrets(t, report.text)
		})
	}
}

// Faults do not hide each other.
func TestDoctorNamesAllFaults(t *testing.T) {
	s := newDoctorScene(t, withCheckpoint(t))
	var together []doctorFault
	for _, f := range doctorFaults() {
		if f.together {
			f.change(s)
			together = append(together, f)
		}
	}
	require.Greater(t, len(together), 10)
	report := s.run()
	for i := range together {
		assert.True(t, report.names(&together[i]), "%s\n%s", together[i].name, report.text)
	}
	assert.Equal(t, 1, report.status)
}

func valuesOf(all map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, value := range all {
			if !yield(value) {
				return
			}
		}
	}
}

func requireNoSecrets(t testing.TB, text string) {
	t.Helper()
	for _, secret := range []string{hecToken, apiKey, clientSecret} {
		require.NotContains(t, text, secret, "a secret")
	}
}

func doctorFaults() []doctorFault {
	return slices.Concat(doctorConfigurationFaults, doctorDatabaseFaults, doctorLogFaults, doctorHeadFaults, doctorStorageFaults, doctorHECFaults, doctorElasticFaults, doctorAzureFaults)
}

// atDatabase are the checks that need the database.
var atDatabase = []string{"registry.schema", "registry.replaced", "log.rows"}

var doctorConfigurationFaults = []doctorFault{
	{
		name: "variable unset", check: "config.references", seen: "OVERSIGHT_DOCTOR_UNSET, which is not set or empty", remedy: "set it in the environment",
		also: []string{"config.validate"}, together: true,
		change: func(s *doctorScene) { s.settings["hec_tls"] = `server_name_override: "${env:OVERSIGHT_DOCTOR_UNSET}"` },
	},
	{
		name: "variable empty", check: "config.references", seen: "config.yaml:5 needs the environment variable OVERSIGHT_DOCTOR_EMPTY", remedy: "write a default",
		also: []string{"config.validate"},
		change: func(s *doctorScene) {
			s.environment = []string{"OVERSIGHT_DOCTOR_EMPTY="}
			s.settings["registry_id"] = "${env:OVERSIGHT_DOCTOR_EMPTY}" + s.settings["registry_id"]
		},
	},
	{
		name: "file of a secret missing", check: "config.references", seen: "/nonexistent/token", remedy: "create the file",
		also:   []string{"config.validate", "splunk.token"},
		change: func(s *doctorScene) { s.settings["token"] = "${file:/nonexistent/token}" },
	},
	{
		name: "unknown key", check: "config.validate", seen: "has invalid keys: databse", remedy: "the message names the key", together: true,
		change: func(s *doctorScene) { s.settings["receiver"] = "    databse: x" },
	},
	{
		name: "a sending queue", check: "config.delivery", seen: "exporter splunk_hec: the queue reports success before events are sent", remedy: "sending_queue: {enabled: false}", together: true,
		change: func(s *doctorScene) { s.settings["queue"] = "true" },
	},
	{
		name: "answers not checked", check: "config.delivery", seen: "exporter elasticsearch: documents that Elasticsearch refuses are dropped", remedy: "middlewares: [{id: responsecheck}]",
		change: func(s *doctorScene) { s.settings["elastic_check"] = "[]" },
	},
	{
		name: "retries of the exporter", check: "config.delivery", status: "warning", seen: "exporter splunk_hec: the exporter retries by itself for 5m", remedy: "retry_on_failure: {enabled: false}",
		change: func(s *doctorScene) { s.settings["retry"] = "true" },
	},
	{
		name: "the batch processor", check: "config.delivery", seen: "processor batch: it reports success before events are sent", remedy: "remove it",
		also:   []string{"config.validate"}, // it is not in this distribution
		change: func(s *doctorScene) { s.settings["processors"] = "[oversight_siem, batch]" },
	},
}

var doctorDatabaseFaults = []doctorFault{
	{
		name: "database missing", check: "registry.file", seen: "registry.sqlite does not exist", remedy: "mount its directory", also: atDatabase,
		change: func(s *doctorScene) { s.settings["database"] = filepath.Join(s.dir, "none", "registry.sqlite") },
	},
	{
		name: "database a directory", check: "registry.file", seen: "a directory", remedy: "set `receivers::oversight::database`", also: atDatabase,
		change: func(s *doctorScene) { s.settings["database"] = filepath.Dir(s.registry.database) },
	},
	{
		name: "database a FIFO", check: "registry.file", seen: "a named pipe", remedy: "set `receivers::oversight::database`", also: atDatabase,
		change: func(s *doctorScene) {
			s.settings["database"] = filepath.Join(s.dir, "registry", "fifo")
			require.NoError(s.t, syscall.Mkfifo(s.settings["database"], 0o666))
		},
	},
	{
		name: "database unreadable", check: "registry.file", seen: "cannot read", remedy: permitRemedy(), also: atDatabase,
		change: func(s *doctorScene) { require.NoError(s.t, os.Chmod(s.registry.database, 0o200)) },
	},
	{
		name: "database's directory unreadable", check: "registry.file", seen: "cannot read", remedy: permitRemedy(), also: append([]string{"log.file", "log.head"}, atDatabase...),
		change: func(s *doctorScene) {
			directory := filepath.Join(s.dir, "registry")
			require.NoError(s.t, os.Chmod(directory, 0o600))
			s.t.Cleanup(func() { assert.NoError(s.t, os.Chmod(directory, 0o700)) })
		},
	},
	{
		name: "database no SQLite file", check: "registry.schema", seen: "not a SQLite database", remedy: "set `receivers::oversight::database`", also: []string{"registry.replaced", "log.rows"},
		change: func(s *doctorScene) { s.settings["database"] = s.registry.leaves },
	},
	{
		name: "no such table", check: "registry.schema", seen: "has no table `events`", remedy: "the database of the registry", also: []string{"registry.replaced", "log.rows"},
		change: func(s *doctorScene) { s.registry.execute("ALTER TABLE events RENAME TO event") },
	},
	{
		name: "a column missing", check: "registry.schema", status: "warning", seen: "lacks the column(s) user_agent", remedy: "upgrade the registry", also: []string{"log.rows", "registry.replaced"},
		change: func(s *doctorScene) { s.registry.execute("ALTER TABLE events DROP COLUMN user_agent") },
	},
	{
		name: "a required column missing", check: "registry.schema", seen: "lacks id, without which", remedy: "not a copy with fewer columns", also: []string{"log.rows", "registry.replaced"},
		change: func(s *doctorScene) { s.registry.execute("ALTER TABLE events RENAME COLUMN id TO number") },
	},
	{
		name: "newer schema", check: "registry.schema", status: "warning", seen: "newer schema: the column(s) colour", remedy: "upgrade the collector", together: true,
		change: func(s *doctorScene) { s.registry.execute("ALTER TABLE events ADD COLUMN colour TEXT") },
	},
	{
		name: "replaced since the checkpoint", check: "registry.replaced", seen: "not the database that the checkpoint was made for", remedy: "on_database_replaced", together: true,
		change: func(s *doctorScene) {
			s.registry.execute("DELETE FROM events WHERE id > 30", "UPDATE sqlite_sequence SET seq = 30")
		},
	},
	{
		name: "of another key", check: "registry.key", seen: "publishes the key", remedy: "from another source", also: []string{"log.head"},
		change: func(s *doctorScene) { s.settings["registry_id"] = registryIDs["registry.sqlite"] },
	},
}

var doctorLogFaults = []doctorFault{
	{
		name: "log missing", check: "log.file", seen: "leaves.jsonl does not exist", remedy: "transparency_log::leaves", also: []string{"log.rows", "log.head"},
		change: func(s *doctorScene) { require.NoError(s.t, os.Remove(s.registry.leaves)) },
	},
	{
		name: "log unreadable", check: "log.file", seen: "cannot read", remedy: permitRemedy(), also: []string{"log.rows", "log.head"},
		change: func(s *doctorScene) { require.NoError(s.t, os.Chmod(s.registry.leaves, 0o200)) },
	},
	{
		name: "log behind", check: "log.rows", seen: "is behind the database", remedy: "copy the log", also: []string{"log.head"},
		change: func(s *doctorScene) {
			head := s.registry.head(s.registry.size(), s.registry.size())
			s.registry.cutLog(0.5)
			require.NoError(s.t, os.Chmod(s.registry.leaves, 0o644))
			s.heads.set(func(int) []byte { return head })
		},
	},
	{
		name: "log damaged", check: "log.file", seen: "leaf 3", remedy: "oversight-siem verify", also: []string{"log.head"}, together: true,
		change: func(s *doctorScene) {
			text, err := os.ReadFile(s.registry.leaves)
			require.NoError(s.t, err)
			lines := strings.SplitAfter(string(text), "\n")
			lines[3] = "{damaged\n"
			require.NoError(s.t, os.WriteFile(s.registry.leaves, []byte(strings.Join(lines, "")), 0o644))
		},
	},
	{
		name: "log of another registry", check: "log.head", seen: "is not the log of the signed tree head", remedy: "the log of this registry", also: []string{"log.rows"},
		change: func(s *doctorScene) {
			other := newLogRegistry(s.t, s.t.TempDir(), dialect.PublicPython)
			other.write(2 * doctorRows)
			require.NoError(s.t, os.Remove(s.registry.leaves))
			copyFile(s.t, other.leaves, s.registry.leaves)
			require.NoError(s.t, os.Chmod(s.registry.leaves, 0o644))
		},
	},
}

var doctorHeadFaults = []doctorFault{
	{
		name: "head unreachable", check: "log.head", seen: "connection refused", remedy: "host and port", also: []string{"registry.key"},
		change: func(s *doctorScene) { s.heads.down() },
	},
	{
		name: "head redirected", check: "log.head", seen: "redirects (302) to https://login.example.org/", remedy: "not followed", also: []string{"registry.key"},
		change: func(s *doctorScene) {
			s.heads.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "https://login.example.org/?session=secret", http.StatusFound)
				return true
			})
		},
	},
	{
		name: "head HTML", check: "log.head", seen: "HTML page", remedy: "login page", also: []string{"registry.key"}, together: true,
		change: func(s *doctorScene) {
			s.heads.setFault(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				_, _ = w.Write([]byte("<!doctype html><html><body>Sign in</body></html>"))
				return true
			})
		},
	},
	{
		name: "head of another key", check: "log.head", seen: "not signed by the registry's key", remedy: "from another source",
		change: func(s *doctorScene) {
			_, other, err := ed25519.GenerateKey(nil)
			require.NoError(s.t, err)
			s.heads.set(func(int) []byte { return signHead(other, s.registry.size(), treeRoot(s.registry.tree)) })
		},
	},
	{
		name: "head older than the log", check: "log.head", status: "warning", seen: "is older than the log", remedy: "run the check again",
		change: func(s *doctorScene) { s.heads.set(func(int) []byte { return s.registry.head(10, 10) }) },
	},
}

var doctorStorageFaults = []doctorFault{
	{
		name: "storage missing", check: "storage", seen: "does not exist", remedy: "create_directory", also: []string{"config.validate"},
		change: func(s *doctorScene) { s.settings["state"] = filepath.Join(s.dir, "none") },
	},
	{
		name: "storage a file", check: "storage", seen: "not a directory", remedy: "set `extensions::file_storage::directory`", also: []string{"config.validate", "registry.replaced"},
		change: func(s *doctorScene) { s.settings["state"] = s.registry.leaves },
	},
	{
		name: "storage of another user", check: "storage", seen: "cannot write to", remedy: "chown", also: []string{"file.directory"}, together: true,
		change: func(s *doctorScene) { require.NoError(s.t, os.Chmod(s.settings["state"], 0o555)) },
	},
	{
		name: "storage in use", check: "storage", seen: "(otelcol-oversight), a collector with another configuration: ", remedy: "stop one of the two", also: []string{"registry.replaced"},
		change: func(s *doctorScene) {
			other := filepath.Join(s.dir, "other.yaml")
			copyFile(s.t, s.writeConfiguration(), other)
			require.NoError(s.t, os.Chmod(other, 0o644))
			collector := s.startCollectorWith(other)
			collector.waitForOutput(collector.ready)
			collector.waitForOutput("Reading events")
		},
	},
	{
		name: "storage damaged", check: "storage", seen: "is damaged", remedy: "move the file away", also: []string{"registry.replaced"},
		change: func(s *doctorScene) {
			text, err := os.ReadFile(s.checkpoint())
			require.NoError(s.t, err)
			copy(text, strings.Repeat("damage", 2000))
			require.NoError(s.t, os.WriteFile(s.checkpoint(), text, 0o644))
		},
	},
	{
		name: "storage cut short", check: "storage", seen: "is damaged", remedy: "restore the file from a backup", also: []string{"registry.replaced"},
		change: func(s *doctorScene) { require.NoError(s.t, os.Truncate(s.checkpoint(), 10_000)) },
	},
}

// permitRemedy is the command that lets the collector's user read: never with the group
// of root, whose the registry's files are where the tests run as root.
func permitRemedy() string {
	if os.Getgid() == 0 {
		return "setfacl -m u:otelcol-oversight:r "
	}
	return "usermod -aG"
}

// A registry that adds leaves while it is asked has no old head: the next one has them.
func TestDoctorOfABusyRegistry(t *testing.T) {
	s := newDoctorScene(t, nil)
	asked := 0
	s.heads.answer = func(int) []byte {
		asked++
		if asked == 1 {
			return s.registry.head(s.registry.size()-1, s.registry.size()-1)
		}
		return s.registry.head(s.registry.size(), s.registry.size())
	}
	report := s.run()
	assert.Equal(t, "ok", report.statuses()["log.head"], report.text)
	assert.Equal(t, 2, asked)
}
