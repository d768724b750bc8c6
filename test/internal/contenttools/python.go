// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Python returns the directory with the programs of a virtual environment that has the
// packages of a requirements file, and no others: python itself, and the packages'
// commands. pythons are the interpreters to try, the best one first, such as python3.12;
// default python3.
func (t *Tools) Python(ctx context.Context, requirements string, pythons ...string) (bin string, err error) {
	text, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	pinned, err := parseRequirements(string(text))
	if err != nil {
		return "", fmt.Errorf("%s: %w", requirements, err)
	}
	if len(pythons) == 0 {
		pythons = []string{"python3"}
	}
	python, version, err := firstPython(ctx, pythons)
	if err != nil {
		return "", err
	}
	for _, each := range pinned {
		t.Note("python: " + each)
	}
	t.Note(version)
	dir, err := t.install(ctx, requirements, append(text, version...), func(i *installation) error {
		if err := i.run("", python, "-m", "venv", i.dir); err != nil {
			return err
		}
		pip := func(args ...string) error {
			return i.run("", filepath.Join(i.dir, "bin", "python"), append([]string{"-m", "pip", "--disable-pip-version-check", "--no-input"}, args...)...)
		}
		// A package that the file does not name would have no pinned version.
		if err := pip("install", "--quiet", "--no-deps", "-r", requirements); err != nil {
			return err
		}
		return pip("check")
	})
	return filepath.Join(dir, "bin"), err
}

// pinnedPackage is a package with its version.
var pinnedPackage = regexp.MustCompile(`^[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+$`)

// parseRequirements returns the packages of a requirements file, each NAME==VERSION.
func parseRequirements(text string) (pinned []string, err error) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case pinnedPackage.MatchString(line):
			pinned = append(pinned, line)
		default:
			return nil, fmt.Errorf("line %d: %q is not NAME==VERSION: pin the package", number, line)
		}
	}
	return pinned, nil
}

// firstPython returns the first of the interpreters that runs, and its version.
func firstPython(ctx context.Context, pythons []string) (python, version string, err error) {
	var errs []error
	for _, name := range pythons {
		for _, program := range append([]string{name}, inPyenv(ctx, name)...) {
			python, version, err := describePython(ctx, program)
			if err == nil {
				return python, version, nil
			}
			errs = append(errs, err)
		}
	}
	return "", "", fmt.Errorf("the tests of content need Python, one of %s: %w", strings.Join(pythons, ", "), errors.Join(errs...))
}

// describePython returns an interpreter's own path and its version.
func describePython(ctx context.Context, program string) (python, version string, err error) {
	output, err := exec.CommandContext(ctx, program, "-c", `import sys; print(sys.executable); print("Python "+sys.version.split()[0])`).Output()
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", program, err)
	}
	path, version, ok := strings.Cut(strings.TrimSpace(string(output)), "\n")
	if !ok || !strings.HasPrefix(version, "Python ") {
		return "", "", fmt.Errorf("%s prints %q, and no version", program, output)
	}
	return path, version, nil
}

// inPyenv returns the interpreters of a name that pyenv has, which are in the PATH only
// while their version is chosen.
func inPyenv(ctx context.Context, name string) []string {
	root, err := exec.CommandContext(ctx, "pyenv", "root").Output()
	if err != nil {
		return nil // there is no pyenv
	}
	programs, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "versions", "*", "bin", name))
	if err != nil {
		return nil // the name is a pattern, and a wrong one
	}
	return programs
}
