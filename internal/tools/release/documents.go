// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// writeDocuments writes what is the same for every platform: license, configuration, man
// pages and completions.
func (r *release) writeDocuments(ctx context.Context, dir string) error {
	for _, name := range []string{"LICENSE", "CHANGELOG.md"} {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	siem := filepath.Join(r.work, "host", command.name)
	if err := runCommand(ctx, []string{"CGO_ENABLED=0"}, "go", "build", "-o", siem, command.pkg); err != nil {
		return err
	}
	if err := writeConfiguration(ctx, siem, filepath.Join(dir, "config.yaml")); err != nil {
		return err
	}
	if err := r.writeManPages(ctx, siem, filepath.Join(dir, "man")); err != nil {
		return err
	}
	return writeCompletions(ctx, siem, filepath.Join(dir, "completions"))
}

// writeConfiguration writes the configuration that a new installation has: the one that
// the command prints for files, which asks for nothing but the registry.
func writeConfiguration(ctx context.Context, siem, file string) error {
	configuration, err := exec.CommandContext(ctx, siem, "config", "--for", "files").Output()
	if err != nil {
		return err
	}
	return writeFile(file, configuration)
}

// writeManPages writes the collector's page, and those that the command writes of itself.
func (r *release) writeManPages(ctx context.Context, siem, dir string) error {
	pages := filepath.Join(r.work, "man")
	if err := os.MkdirAll(pages, 0o750); err != nil {
		return err
	}
	if err := runCommand(ctx, nil, siem, "man", pages); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(pages, "*.1"))
	if err != nil {
		return err
	}
	for _, file := range append(files, "deploy/packages/otelcol-oversight.1") {
		page, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(page), "@VERSION@", r.version)
		if err := writeFile(filepath.Join(dir, filepath.Base(file)+".gz"), compress([]byte(text))); err != nil {
			return err
		}
	}
	return nil
}

// writeCompletions writes the command's completions for each shell.
func writeCompletions(ctx context.Context, siem, dir string) error {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		script, err := exec.CommandContext(ctx, siem, "completion", shell).Output() //nolint:gosec // the command was just built
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, command.name+"."+shell), script); err != nil {
			return err
		}
	}
	return nil
}

// compress returns text as gzip, without a name or a time.
func compress(text []byte) []byte {
	var compressed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&compressed, gzip.BestCompression) // the level is valid
	_, _ = w.Write(text)                                           // a buffer takes everything
	_ = w.Close()
	return compressed.Bytes()
}
