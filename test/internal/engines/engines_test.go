// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package engines

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A machine without Java, without Maven or with an old Java gets an error that says
// what to install.
func TestFetchNamesWhatIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		programs map[string]string
		want     string
	}{
		"no java":  {map[string]string{}, "need Java 17 or newer: java is not in the PATH"},
		"old java": {map[string]string{"java": `echo 'openjdk version "11.0.2" 2019-01-15' >&2`}, "need Java 17 or newer, found 11"},
		"Java 8":   {map[string]string{"java": `echo 'java version "1.8.0_301"' >&2`}, "need Java 17 or newer, found 1"},
		"no mvn":   {map[string]string{"java": java17}, "mvn is not in the PATH"},
		"no javac": {map[string]string{"java": java17, "mvn": ":"}, "javac is not in the PATH"},
	} {
		t.Run(name, func(t *testing.T) {
			fakePrograms(t, test.programs)
			_, err := Fetch(t.Context(), Program{Name: "x", Class: "X"})
			require.ErrorContains(t, err, test.want)
		})
	}
}

const java17 = `echo 'openjdk version "17.0.15" 2025-04-15' >&2`

// The jars are fetched once, also by calls at the same time, and a download that
// failed is repeated.
func TestFetchOnce(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	cache := fakePrograms(t, map[string]string{"java": java17, "mvn": "echo no network; exit 1"})
	program := Program{Name: "x", POM: []byte("<project/>")}
	_, err := Fetch(t.Context(), program)
	require.ErrorContains(t, err, "no network")
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Empty(t, entries, "what a failed download left")

	writeProgram(t, filepath.Join(filepath.Dir(cache), "bin", "mvn"), fmt.Sprintf("echo x >>%q; for a; do :; done; mkdir ${a#-DoutputDirectory=}", calls))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			_, err := Fetch(t.Context(), program)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	before, err := os.ReadFile(calls)
	require.NoError(t, err)
	classpath, err := Fetch(t.Context(), program)
	require.NoError(t, err)
	assert.DirExists(t, strings.TrimSuffix(filepath.SplitList(classpath)[1], "/*"))
	after, err := os.ReadFile(calls)
	require.NoError(t, err)
	assert.Equal(t, before, after, "Maven ran again")
	entries, err = os.ReadDir(cache)
	require.NoError(t, err)
	assert.Len(t, entries, 1)

	_, err = Fetch(t.Context(), Program{Name: "x", POM: []byte("<project>other</project>")})
	require.NoError(t, err)
	entries, err = os.ReadDir(cache)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "other jars are another program")
}

// fakePrograms sets the PATH to a directory of shell scripts and what shells need,
// and returns the empty directory that is the cache.
func fakePrograms(t *testing.T, programs map[string]string) (cache string) {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	for _, name := range []string{"sh", "mkdir", "sleep"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	for name, script := range programs {
		writeProgram(t, filepath.Join(bin, name), script)
	}
	t.Setenv("PATH", bin)
	cache = filepath.Join(dir, "cache")
	t.Setenv(CacheEnv, cache)
	return cache
}

func writeProgram(t *testing.T, path, script string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755))
}

// A server whose port was taken is started again on another one.
func TestServerChoosesOtherPorts(t *testing.T) {
	fakePrograms(t, map[string]string{"java": `[ "$1" = 1 ] && { echo java.net.BindException: Address already in use; exit 1; }; echo READY; exec sleep 1000`})
	port := 0
	server, err := StartServer(t.Context(), func(context.Context) error { port++; return nil },
		func(ctx context.Context, _ map[string]string) (*Process, error) {
			return StartJava(ctx, t.TempDir(), "READY", strconv.Itoa(port))
		}, nil)
	require.NoError(t, err)
	defer server.Close()
	assert.Equal(t, 2, port)
}

// A server that cannot start is an error with what it printed.
func TestServerDoesNotStart(t *testing.T) {
	fakePrograms(t, map[string]string{"java": "echo out of paper; exit 1"})
	_, err := StartJava(t.Context(), t.TempDir(), "READY")
	require.ErrorContains(t, err, "out of paper")
}

// Restore undoes whatever a test did, and leaves a server alone that is as it was.
func TestServerRestore(t *testing.T) {
	fakePrograms(t, map[string]string{"java": "echo READY; exec sleep 1000"})
	var settings map[string]string
	server, err := StartServer(t.Context(), func(context.Context) error { return nil },
		func(ctx context.Context, s map[string]string) (*Process, error) {
			settings = s
			return StartJava(ctx, t.TempDir(), "READY")
		}, nil)
	require.NoError(t, err)
	defer func() { server.Close() }()
	restored := func() (again bool) {
		before := server.PID()
		require.NoError(t, server.Restore(t.Context()))
		assert.NoError(t, syscall.Kill(server.PID(), 0))
		assert.Empty(t, settings)
		return server.PID() != before
	}
	assert.False(t, restored(), "untouched")
	require.NoError(t, server.Pause())
	assert.False(t, restored(), "paused")
	require.NoError(t, server.Pause())
	require.NoError(t, server.Stop())
	assert.True(t, restored(), "stopped")
	server.Kill()
	assert.True(t, restored(), "killed")
	server.Configure(map[string]string{"key": "value"})
	assert.True(t, restored(), "configured")
	server.Configure(map[string]string{"key": "value"})
	require.NoError(t, server.Restart(t.Context()))
	assert.NotEmpty(t, settings)
	assert.True(t, restored(), "configured and started again")
}
