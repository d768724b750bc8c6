// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

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
