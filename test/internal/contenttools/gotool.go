// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"context"
	"os"
	"path/filepath"
)

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
	dir, err := t.install(ctx, module, append(inputs, path...), func(i *installation) error {
		return i.run(module, "go", "build", "-o", filepath.Join(i.dir, "program"), path)
	})
	return filepath.Join(dir, "program"), err
}
