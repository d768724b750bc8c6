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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Tools are the tools of one checkout. Its methods may be called concurrently, also by
// several processes: `go test` runs the packages of content at the same time.
type Tools struct {
	dir        string
	installing sync.Mutex
	mu         sync.Mutex
	used       []string // guarded by mu
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
