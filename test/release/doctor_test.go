// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mountedSetup is a registry and a storage on which file systems are mounted, and the
// configuration of both.
type mountedSetup struct{ database, storage, config string }

func newMountedSetup(t *testing.T) *mountedSetup {
	t.Helper()
	dir := t.TempDir()
	s := &mountedSetup{filepath.Join(dir, "registry", "registry.sqlite"), filepath.Join(dir, "state"), filepath.Join(dir, "config.yaml")}
	require.NoError(t, os.Mkdir(filepath.Dir(s.database), 0o755))
	require.NoError(t, os.Mkdir(s.storage, 0o755))
	text, err := os.ReadFile(root(t, "testdata", "registry.sqlite"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.database, text, 0o644))
	require.NoError(t, os.WriteFile(s.config, fmt.Appendf(nil, `
receivers: {oversight: {database: %s, registry_id: edge, storage: file_storage}}
exporters: {debug: {}}
extensions: {file_storage: {directory: %s, fsync: true}}
service: {extensions: [file_storage], pipelines: {logs: {receivers: [oversight], exporters: [debug]}}}
`, s.database, s.storage), 0o644))
	return s
}

// doctorLine is a line of --json.
type doctorLine struct{ Check, Status, Seen, Remedy string }

// run checks the configuration in a mount namespace in which the commands of a shell have
// run.
func (s *mountedSetup) run(t *testing.T, mount string) (lines []doctorLine) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-euc", mount+`
exec "$0" doctor --json --collector "$1" --config "$2"`, binaries(t, "oversight-siem"), binaries(t, "otelcol-oversight"), s.config)
	command.Env = append(os.Environ(), "DATABASE="+s.database, "STORAGE="+s.storage)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		require.NoError(t, err)
	}
	decoder := json.NewDecoder(&stdout)
	for {
		var line doctorLine
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		lines = append(lines, line)
	}
	require.NotEmpty(t, lines, stderr.String())
	return lines
}

// statuses are those of each check.
func statuses(lines []doctorLine) map[string]string {
	all := map[string]string{}
	for _, line := range lines {
		all[line.Check] += line.Status + " "
	}
	return all
}

// The command names what is wrong with a mount, and the other checks say what they say
// without it.
func TestDoctorOnMounts(t *testing.T) {
	clean := statuses(newMountedSetup(t).run(t, ""))
	assert.Equal(t, "ok ", clean["registry.file"])
	assert.Equal(t, "ok ", clean["storage"])
	for name, c := range map[string]struct {
		mount string
		want  doctorLine
	}{
		"the file without its directory": {
			`mount --bind "$DATABASE" "$DATABASE"`,
			doctorLine{"registry.file", "failed", "is mounted without its directory", "mount the directory"},
		},
		"a full disk": {
			`mount -t tmpfs -o size=64k none "$STORAGE"`,
			doctorLine{"storage", "failed", "is full", "free some space"},
		},
		"a disk that is nearly full": {
			`mount -t tmpfs -o size=16m none "$STORAGE"`,
			doctorLine{"storage", "warning", "MiB left", "free some space"},
		},
		"a read-only file system": {
			`mount -t tmpfs -o ro none "$STORAGE"`,
			doctorLine{"storage", "failed", "is on a read-only file system", "mount it for writing"},
		},
		"a disk without inodes": {
			`mount -t tmpfs -o size=256m,nr_inodes=1 none "$STORAGE"`,
			doctorLine{"storage", "failed", "is full", "free some space"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			lines := newMountedSetup(t).run(t, c.mount)
			assert.True(t, slices.ContainsFunc(lines, func(line doctorLine) bool {
				return line.Check == c.want.Check && line.Status == c.want.Status && strings.Contains(line.Seen, c.want.Seen) && strings.Contains(line.Remedy, c.want.Remedy)
			}), "%+v", lines)
			got := statuses(lines)
			got[c.want.Check] = clean[c.want.Check]
			assert.Equal(t, clean, got)
		})
	}
}

// A registry on a read-only mount, as a container has it, is right.
func TestDoctorOnAReadOnlyRegistry(t *testing.T) {
	s := newMountedSetup(t)
	lines := s.run(t, `mount --bind "$(dirname "$DATABASE")" "$(dirname "$DATABASE")"; mount -o remount,bind,ro "$(dirname "$DATABASE")"`)
	assert.Equal(t, statuses(newMountedSetup(t).run(t, "")), statuses(lines))
}
