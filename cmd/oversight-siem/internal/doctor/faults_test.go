// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/doctor"
	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

func faults() []fault {
	return slices.Concat(configFaults, registryFaults, logFaults, storageFaults, hecFaults, elasticFaults, azureFaults)
}

var configFaults = []fault{
	{
		name: "variable unset", check: "config.references", seen: "OVERSIGHT_DOCTOR_UNSET", remedy: "set it in the environment", together: true,
		change: func(_ *testing.T, s *setup) { s.more = "  debug: {verbosity: \"${env:OVERSIGHT_DOCTOR_UNSET}\"}" },
	},
	{
		name: "file for a value missing", check: "config.references", seen: "/nonexistent/token", remedy: "create the file",
		change: func(_ *testing.T, s *setup) { s.token = "${file:/nonexistent/token}" },
	},
	{
		name: "a part that loses events", check: "config.delivery", seen: "processor batch", remedy: "remove", together: true,
		change: func(_ *testing.T, s *setup) { s.processor = "oversight_siem, batch" },
	},
	{
		name: "unknown key", check: "config.validate", seen: "has invalid keys: databse", remedy: "fix the configuration", together: true,
		change: func(t *testing.T, s *setup) {
			s.settings.Collector = filepath.Join(s.dir, "collector")
			script := "#!/bin/sh\necho \"Error: 'receivers' error reading configuration for \\\"oversight\\\": has invalid keys: databse\" >&2\nexit 1\n"
			require.NoError(t, os.WriteFile(s.settings.Collector, []byte(script), 0o755))
		},
	},
}

var registryFaults = []fault{
	{
		name: "database missing", check: "registry.file", seen: "does not exist", remedy: "mount its directory",
		change: func(t *testing.T, s *setup) { require.NoError(t, os.Remove(s.database)) },
	},
	{
		name: "database a directory", check: "registry.file", seen: "a directory", remedy: "set `receivers::oversight::database`",
		change: func(_ *testing.T, s *setup) { s.database = filepath.Dir(s.database) },
	},
	{
		name: "mounted without its directory", check: "registry.file", seen: "mounted without its directory", remedy: "mount the directory", together: true,
		change: func(t *testing.T, s *setup) {
			path, err := filepath.EvalSymlinks(s.database)
			require.NoError(t, err)
			s.settings.MountInfo = filepath.Join(s.dir, "mountinfo")
			require.NoError(t, os.WriteFile(s.settings.MountInfo, []byte("36 35 98:0 /r.sqlite "+path+" ro - ext4 /dev/sda1 ro\n"), 0o644))
		},
	},
	{
		name: "no database at all", check: "registry.schema", seen: "not a SQLite database", remedy: "set `receivers::oversight::database`",
		change: func(t *testing.T, s *setup) {
			require.NoError(t, os.WriteFile(s.database, []byte(strings.Repeat("not a database", 100)), 0o644))
		},
	},
	{
		name: "no table", check: "registry.schema", seen: "has no table `events`", remedy: "database of the registry",
		change: func(t *testing.T, s *setup) { s.sql(t, "DROP TABLE events") },
	},
	{
		name: "column missing", check: "registry.schema", status: doctor.StatusWarning, seen: "lacks the column(s) user_agent", remedy: "upgrade the registry",
		change: func(t *testing.T, s *setup) { s.sql(t, "ALTER TABLE events DROP COLUMN user_agent") },
	},
	{
		name: "newer schema", check: "registry.schema", status: doctor.StatusWarning, seen: "newer schema: the column(s) colour", remedy: "upgrade the collector", together: true,
		change: func(t *testing.T, s *setup) { s.sql(t, "ALTER TABLE events ADD COLUMN colour TEXT") },
	},
	{
		name: "replaced since the checkpoint", check: "registry.replaced", seen: "not the database that the checkpoint was made for", remedy: "on_database_replaced", together: true,
		change: func(t *testing.T, s *setup) {
			saveCursor(t, s, checkpoint.Cursor{ID: 5, UID: "0123", RegistryID: registryKey})
		},
	},
	{
		name: "id of the packages", check: "registry.id", status: doctor.StatusWarning, seen: "is still \"registry\"", remedy: "an id of its own",
		change: func(_ *testing.T, s *setup) { s.registryID = "registry" },
	},
	{
		name: "one id for two registries", check: "registry.id", status: doctor.StatusWarning, seen: "has the same `registry_id` and another database, /other", remedy: "an id of its own",
		change: func(_ *testing.T, s *setup) {
			s.receiverMore = "  oversight/second: {database: /other.sqlite, registry_id: " + s.registryID + "}"
		},
	},
	{
		name: "of another key", check: "registry.key", seen: "publishes the key", remedy: "another source", together: true,
		change: func(_ *testing.T, s *setup) { s.registryID = otherKey },
	},
}

var logFaults = []fault{
	{
		name: "log missing", check: "log.file", seen: "does not exist", remedy: "transparency_log::leaves",
		change: func(t *testing.T, s *setup) { require.NoError(t, os.Remove(s.leaves)) },
	},
	{
		name: "log behind the database", check: "log.rows", seen: "is behind the database", remedy: "copy the log",
		change: func(t *testing.T, s *setup) { s.cutLog(t, 300) },
	},
	{
		name: "log behind the head", check: "log.head", seen: "is behind", remedy: "oversight-siem verify",
		change: func(t *testing.T, s *setup) { s.cutLog(t, 300) },
	},
	{
		name: "head of another key", check: "log.head", seen: "not signed by the registry's key", remedy: "another source", together: true,
		change: func(_ *testing.T, s *setup) { s.registryID = otherKey },
	},
	{
		name: "head unreachable", check: "log.head", seen: "connection refused", remedy: "host and port",
		change: func(_ *testing.T, s *setup) { s.registry.http.Close() },
	},
	{
		name: "head redirected", check: "log.head", seen: "redirects (302)", remedy: "not followed",
		change: func(_ *testing.T, s *setup) {
			s.registry.handler = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://login.example.org/?secret=good-", http.StatusFound)
			}
		},
	},
	{
		name: "head HTML", check: "log.head", seen: "HTML page", remedy: "login page",
		change: func(_ *testing.T, s *setup) {
			s.registry.handler = always(http.StatusOK, "text/html", "<!doctype html><html>")
		},
	},
	{
		name: "clock wrong", check: "registry.key", status: doctor.StatusWarning, seen: "behind this machine's", remedy: "time service",
		change: func(_ *testing.T, s *setup) {
			answer := s.registry.handler
			s.registry.handler = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
				answer(w, r)
			}
		},
	},
}

var storageFaults = []fault{
	{
		name: "checkpoint of a newer collector", check: "registry.replaced", status: doctor.StatusWarning, seen: "has version 3, this collector supports versions 1 to 2", remedy: "upgrade oversight-siem",
		change: func(t *testing.T, s *setup) { saveRoot(t, s, []byte(`{"version":3}`)) },
	},
	{
		name: "storage missing", check: "storage", seen: "does not exist", remedy: "create_directory",
		change: func(t *testing.T, s *setup) { require.NoError(t, os.Remove(s.storage)) },
	},
	{
		name: "storage a file", check: "storage", seen: "not a directory", remedy: "set `extensions::file_storage::directory`",
		change: func(_ *testing.T, s *setup) { s.storage = s.leaves },
	},
	{
		name: "storage in use", check: "storage", seen: "is in use by", remedy: "stop that process",
		change: func(t *testing.T, s *setup) {
			db := openStorage(t, s)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
		},
	},
	{
		name: "storage damaged", check: "storage", seen: "is damaged", remedy: "move the file away",
		change: func(t *testing.T, s *setup) {
			require.NoError(t, os.WriteFile(filepath.Join(s.storage, "receiver_oversight_"), []byte(strings.Repeat("damage", 10_000)), 0o600))
		},
	},
}

func openStorage(t *testing.T, s *setup) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(s.storage, "receiver_oversight_"), 0o600, nil)
	require.NoError(t, err)
	return db
}

// saveCursor writes a checkpoint as the collector does.
func saveCursor(t *testing.T, s *setup, cursor checkpoint.Cursor) {
	t.Helper()
	value, err := (&checkpoint.Root{Cursor: cursor}).Encode()
	require.NoError(t, err)
	saveRoot(t, s, value)
}

func saveRoot(t *testing.T, s *setup, value []byte) {
	t.Helper()
	db := openStorage(t, s)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte("default"))
		if err != nil {
			return err
		}
		return bucket.Put([]byte(checkpoint.RootKey), value)
	}))
	require.NoError(t, db.Close())
}
