// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

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
	return t.install(ctx, packages, slices.Concat(lock, version), func(i *installation) error {
		for name, text := range map[string][]byte{"package.json": manifest, "package-lock.json": lock} {
			if err := os.WriteFile(filepath.Join(i.dir, name), text, 0o600); err != nil {
				return err
			}
		}
		return i.run(i.dir, "npm", "ci", "--silent", "--no-audit", "--no-fund")
	})
}

// dependencies returns the packages that a package.json names, with versions.
func dependencies(manifest []byte) []string {
	var m struct {
		Dependencies, DevDependencies map[string]string
	}
	if json.Unmarshal(manifest, &m) != nil {
		return nil // npm says what is wrong
	}
	all := map[string]string{}
	maps.Copy(all, m.Dependencies)
	maps.Copy(all, m.DevDependencies)
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, name+" "+all[name])
	}
	return lines
}
