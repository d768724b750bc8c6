// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// previous is an earlier collector of this repository, as somebody may have deployed it.
type previous struct {
	commit  string
	version string // of the package that it is put into
}

var (
	// versionOne saves checkpoints of version 1. It is the last in which the configurations
	// kept checkpoints and output in one directory, below ./out by default.
	versionOne = previous{"b6e9e897b9a332f5ebbfebf505e6bc092d36d794", "0.0.8"}
	// unpackaged saves checkpoints of version 2. It is the last before there were packages.
	unpackaged = previous{"1715bed6cd2313958bac45bad3f50c47569307f5", "0.0.9"}
)

// debianPackage is a package with the collector and the configuration for files of that time.
func (p previous) debianPackage(t *testing.T) string {
	t.Helper()
	return repackage(t, "deb", p.version, func(stage string) {
		run(t, "cp", p.collector(t), filepath.Join(stage, "otelcol-oversight"))
		old := run(t, "git", "-C", checkout, "show", p.commit+":config/files.yaml")
		require.NoError(t, os.WriteFile(filepath.Join(stage, "config.yaml"), []byte(old), 0o644))
	})
}

// collector is the collector of that commit, built when it is first needed.
func (p previous) collector(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(checkout, "bin", "tools", "previous", p.commit, "otelcol-oversight"))
	require.NoError(t, err)
	if _, err := os.Stat(file); err == nil {
		return file
	}
	found := command(t, "git", "-C", checkout, "cat-file", "-e", p.commit+"^{commit}").Run()
	require.NoError(t, found, "this clone does not have the commit %s: run `git fetch --unshallow`", p.commit)
	sources := t.TempDir()
	run(t, "sh", "-c", `git -C "$1" archive "$2" | tar --extract --directory="$3"`, "sh", checkout, p.commit, sources)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	build := command(t, "go", "build", "-trimpath", "-buildvcs=false", "-pgo=off", "-ldflags=-s -w", "-o", file+".partial", ".")
	build.Dir = filepath.Join(sources, "cmd", "otelcol-oversight")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	printed, err := build.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	require.NoError(t, os.Rename(file+".partial", file))
	return file
}

// repackage builds a package of what is released, with another version and a change.
func repackage(t *testing.T, packager, version string, change func(stage string)) string {
	t.Helper()
	dir := t.TempDir()
	stage, description := filepath.Join(dir, "stage"), filepath.Join(dir, "packages")
	require.NoError(t, os.Mkdir(stage, 0o755))
	run(t, "tar", "--extract", "--gzip", "--strip-components=1", "--directory="+stage, "--file="+released(t, ".tar.gz"))
	change(stage)
	run(t, "cp", "--recursive", filepath.Join(checkout, "deploy", "packages"), description)
	nfpm, err := filepath.Abs(filepath.Join(checkout, "bin", "tools", "nfpm"))
	require.NoError(t, err)
	file := filepath.Join(dir, "package."+packager)
	build := command(t, nfpm, "package", "--config", "nfpm.yaml", "--packager", packager, "--target", file)
	build.Dir = description
	build.Env = append(os.Environ(), "VERSION="+version, "ARCH="+runtime.GOARCH, "STAGE="+stage)
	printed, err := build.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	return file
}

// newer is a package of what is released with a higher version.
func newer(t *testing.T, packager string) string {
	t.Helper()
	return repackage(t, packager, "99.0.0", func(string) {})
}
