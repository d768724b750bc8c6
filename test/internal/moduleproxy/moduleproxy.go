// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package moduleproxy publishes the modules of a checkout to a directory that
// the go command can use as a module proxy (GOPROXY=file://DIRECTORY). Tests use
// it to install from a version, as users do, before there is one.
//
// The layout is that of `go help goproxy`.
package moduleproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// Publish writes the modules in some directories of a checkout to a proxy, all
// in the same version. Directories are relative to the checkout's root, "." for
// the root module. What git ignores is left out, as are nested modules. Changes
// that are not committed are published.
func Publish(ctx context.Context, proxy, checkout, version string, dirs ...string) error {
	files, err := trackedFiles(ctx, checkout)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := publishModule(proxy, checkout, version, filepath.ToSlash(filepath.Clean(dir)), files); err != nil {
			return fmt.Errorf("publish the module in %s: %w", dir, err)
		}
	}
	return nil
}

// trackedFiles lists the files that a commit of the checkout as it is would
// have, relative to its root and with slashes.
func trackedFiles(ctx context.Context, checkout string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	cmd.Dir = checkout
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files in %s: %w", checkout, err)
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(output), "\x00"), "\x00") {
		_, err := os.Lstat(filepath.Join(checkout, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	return files, nil
}

func publishModule(proxy, checkout, version, dir string, files []string) error {
	goMod, err := os.ReadFile(filepath.Join(checkout, filepath.FromSlash(dir), "go.mod"))
	if err != nil {
		return err
	}
	m := module.Version{Path: modfile.ModulePath(goMod), Version: version}
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := zip.Create(&archive, m, moduleFiles(checkout, dir, files)); err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Unix(0, 0).UTC()})
	if err != nil {
		return err
	}
	versions := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(versions, 0o750); err != nil {
		return err
	}
	return errors.Join(
		writeFile(filepath.Join(versions, "list"), []byte(version+"\n")),
		writeFile(filepath.Join(versions, version+".info"), info),
		writeFile(filepath.Join(versions, version+".mod"), goMod),
		writeFile(filepath.Join(versions, version+".zip"), archive.Bytes()),
	)
}

func writeFile(name string, data []byte) error {
	return os.WriteFile(name, data, 0o600) //nolint:gosec // the caller chooses where the proxy is
}

// moduleFiles are the files of the module in a directory. As the go command
// does, it adds the license at the root to a module that has none of its own.
func moduleFiles(checkout, dir string, files []string) []zip.File {
	const license = "LICENSE"
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	var inModule []zip.File
	licensed := false
	for _, name := range files {
		path, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		licensed = licensed || path == license
		inModule = append(inModule, moduleFile{path: path, source: filepath.Join(checkout, filepath.FromSlash(name))})
	}
	if !licensed {
		inModule = append(inModule, moduleFile{path: license, source: filepath.Join(checkout, license)})
	}
	return inModule
}

// moduleFile is a file on disk under the name that it has in its module.
type moduleFile struct{ path, source string }

func (f moduleFile) Path() string                 { return f.path }
func (f moduleFile) Lstat() (os.FileInfo, error)  { return os.Lstat(f.source) }
func (f moduleFile) Open() (io.ReadCloser, error) { return os.Open(f.source) }
