// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	checkout = "../../.."
	// epoch is the time of everything in these releases.
	epoch = "SOURCE_DATE_EPOCH=1790000000"
)

// dist has the release for all systems: that in OVERSIGHT_RELEASE_DIST, or one that is
// built here.
var dist string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	dist = cmp.Or(os.Getenv("OVERSIGHT_RELEASE_DIST"), filepath.Join(dir, "dist"))
	if os.Getenv("OVERSIGHT_RELEASE_DIST") == "" {
		if err := buildRelease(checkout, dist, nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// buildRelease builds the release of a checkout. More arguments are for the command that
// does it.
func buildRelease(checkout, output string, arguments []string, environment ...string) error {
	tools, err := filepath.Abs("../../../bin/tools")
	if err != nil {
		return err
	}
	command := exec.Command("go", append([]string{"run", "./internal/tools/release", "-output", output, "-tools", tools}, arguments...)...)
	command.Dir = checkout
	command.Env = append(append(os.Environ(), epoch), environment...)
	if printed, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the release: %w\n%s", err, printed)
	}
	return nil
}

// released is the path of a file of the release, by how its name ends.
func released(t testing.TB, suffix string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dist, "otelcol-oversight_*_linux_"+runtime.GOARCH+suffix))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

// command is a command of this system.
func command(t testing.TB, name string, arguments ...string) *exec.Cmd {
	return exec.CommandContext(t.Context(), name, arguments...)
}

// run runs a program of this system, which has to succeed, and returns what it prints.
func run(t testing.TB, name string, arguments ...string) string {
	t.Helper()
	program := command(t, name, arguments...)
	var stdout, stderr bytes.Buffer
	program.Stdout, program.Stderr = &stdout, &stderr
	require.NoError(t, program.Run(), "%s %v:\n%s%s", name, arguments, &stdout, &stderr)
	return stdout.String()
}

// The same sources give the same bytes, wherever they are, whoever builds them, and
// whenever. All programs are linked again. What the command for Windows is made of, which
// a machine compiles in a minute, is compiled again, too.
func TestReproducible(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "elsewhere")
	require.NoError(t, os.Mkdir(copied, 0o700))
	run(t, "sh", "-c", // the files of the work tree, committed or not
		`umask 077; cd "$1" && git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar --create --files-from=- | tar --extract --touch --directory="$2"`,
		"sh", checkout, copied)
	output := filepath.Join(t.TempDir(), "dist")
	require.NoError(t, buildRelease(copied, output, nil, "TZ=Asia/Tokyo", "USER=somebody", "GOFLAGS="))
	first := checksums(t, dist)
	assert.Equal(t, first, checksums(t, output))

	require.NoError(t, buildRelease(copied, output, []string{"-platforms", "windows/amd64"},
		"GOCACHE="+filepath.Join(t.TempDir(), "cache"), "GOFLAGS=-tags=unknown", "GOAMD64=v3"))
	compiled := checksums(t, output)
	require.Contains(t, slices.Collect(maps.Keys(compiled)), "oversight-siem_"+version(t)+"_windows_amd64.zip")
	for file, sum := range compiled {
		assert.Equal(t, first[file], sum, file)
	}
}

// checksums are the lines of a release's SHA256SUMS, by file.
func checksums(t *testing.T, dir string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	require.NoError(t, err)
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, found := strings.Cut(strings.TrimSpace(line), "  ")
		require.True(t, found, line)
		sums[name] = sum
	}
	return sums
}

// The checksums are those of the files that are there: each has one.
func TestChecksums(t *testing.T) {
	check := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dist
	printed, err := check.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	entries, err := os.ReadDir(dist)
	require.NoError(t, err)
	assert.Equal(t, len(entries)-1, strings.Count(string(printed), ": OK\n"))
}
