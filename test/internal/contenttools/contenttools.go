// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package contenttools installs the tools that check content for SIEMs, and that users of
// the project do not need: Python and Node.js packages, pinned by files beside the tests,
// and Go programs of internal/tools. They are kept in bin/tools/content of the checkout.
//
// A tool that cannot be had is an error that says what is missing: the tests of content
// fail then, and skip nothing.
package contenttools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Tools are the tools of one checkout. Its methods may be called concurrently; they
// install one thing at a time.
type Tools struct {
	dir  string
	mu   sync.Mutex
	used []string
}

// New returns the tools of the checkout at root.
func New(root string) (*Tools, error) {
	dir, err := filepath.Abs(filepath.Join(root, "bin", "tools", "content"))
	if err != nil {
		return nil, err
	}
	return &Tools{dir: dir}, os.MkdirAll(dir, 0o750)
}

// Used returns what was used, with versions, one tool a line.
func (t *Tools) Used() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := slices.Clone(t.used)
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

// Note adds a tool to those that were used.
func (t *Tools) Note(tool string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.used = append(t.used, tool)
}

// Python returns the directory with the programs of a virtual environment that has the
// packages of a requirements file: python itself, and the packages' commands. pythons are
// the interpreters to try, the best one first, such as python3.12; default python3.
func (t *Tools) Python(ctx context.Context, requirements string, pythons ...string) (bin string, err error) {
	text, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	if len(pythons) == 0 {
		pythons = []string{"python3"}
	}
	python, version, err := firstPython(ctx, pythons)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			t.Note("python: " + line)
		}
	}
	t.Note(version)
	dir, err := t.install(requirements, append(text, version...), func(dir string) error {
		if err := run(ctx, "", python, "-m", "venv", dir); err != nil {
			return err
		}
		return run(ctx, "", filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", requirements)
	})
	return filepath.Join(dir, "bin"), err
}

// Node returns a directory whose node_modules has the packages of a package-lock.json,
// that of the directory in which package.json and the lock are.
func (t *Tools) Node(ctx context.Context, packages string) (dir string, err error) {
	lock, err := os.ReadFile(filepath.Join(packages, "package-lock.json"))
	if err != nil {
		return "", err
	}
	manifest, err := os.ReadFile(filepath.Join(packages, "package.json"))
	if err != nil {
		return "", err
	}
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("the tests of content need Node.js with npm: node: %w", err)
	}
	t.Note("Node.js " + strings.TrimSpace(string(version)))
	for _, line := range dependencies(manifest) {
		t.Note("npm: " + line)
	}
	return t.install(packages, slices.Concat(lock, version), func(dir string) error {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
		for name, text := range map[string][]byte{"package.json": manifest, "package-lock.json": lock} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				return err
			}
		}
		return run(ctx, dir, "npm", "ci", "--silent", "--no-audit", "--no-fund")
	})
}

// Go returns a program built from a module of its own, such as those in internal/tools:
// the package of an import path that it requires, or "." for its own.
func (t *Tools) Go(ctx context.Context, module, path string) (program string, err error) {
	var inputs []byte
	files, err := filepath.Glob(filepath.Join(module, "*"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			inputs = append(inputs, text...)
		}
	}
	t.Note("go: " + filepath.Base(module))
	dir, err := t.install(module, append(inputs, path...), func(dir string) error {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
		return run(ctx, module, "go", "build", "-o", filepath.Join(dir, "program"), path)
	})
	return filepath.Join(dir, "program"), err
}

// install makes a directory once for each content of the inputs. It is complete once
// the file `installed` is in it: what an interruption left is removed.
func (t *Tools) install(source string, inputs []byte, make func(dir string) error) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := sha256.Sum256(inputs)
	name := strings.TrimSuffix(filepath.Base(source), filepath.Ext(source))
	if abs, err := filepath.Abs(source); err == nil {
		name = filepath.Base(filepath.Dir(abs)) + "-" + name
	}
	dir := filepath.Join(t.dir, name+"-"+hex.EncodeToString(sum[:6]))
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := make(dir); err != nil {
		return "", fmt.Errorf("install %s: %w", source, err)
	}
	return dir, os.WriteFile(done, nil, 0o600)
}

// run runs a command, and returns what it printed if it fails.
func run(ctx context.Context, dir, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, output)
	}
	return nil
}
