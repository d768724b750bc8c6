// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// holder is the process that has a file open.
type holder struct {
	pid string // empty for a process that cannot be seen
	// arguments are its command line, and directory where relative paths in it start;
	// both empty where this user must not see them.
	arguments []string
	directory string
	// root is where the process's files are.
	root string
}

// String names the process.
func (h *holder) String() string {
	switch {
	case h.pid == "":
		return "a process that cannot be seen from here"
	case len(h.arguments) == 0:
		return "process " + h.pid
	}
	return fmt.Sprintf("process %s (%s)", h.pid, filepath.Base(h.arguments[0]))
}

// configs are the configurations that the process was started with.
func (h *holder) configs() (sources []string) {
	for i, argument := range h.arguments {
		name, value, joined := strings.Cut(argument, "=")
		if name != "--config" && name != "-config" {
			continue
		}
		if !joined && i+1 < len(h.arguments) {
			value = h.arguments[i+1]
		}
		sources = append(sources, value)
	}
	return sources
}

// hasConfig reports whether the process was started with a configuration of this run.
func (h *holder) hasConfig(sources []string) bool {
	for _, theirs := range h.configs() {
		if slices.ContainsFunc(sources, func(ours string) bool { return h.sameConfig(theirs, ours) }) {
			return true
		}
	}
	return false
}

func (h *holder) sameConfig(theirs, ours string) bool {
	theirs, ours = strings.TrimPrefix(theirs, "file:"), strings.TrimPrefix(ours, "file:")
	if !filepath.IsAbs(theirs) && h.directory != "" {
		theirs = filepath.Join(h.directory, theirs)
	}
	path, err := filepath.Abs(ours)
	if theirs == ours || err == nil && theirs == path {
		return true
	}
	own, err := os.Stat(ours)
	if err != nil {
		return false
	}
	for _, path := range []string{theirs, filepath.Join(h.root, theirs)} {
		if other, err := os.Stat(path); err == nil && os.SameFile(own, other) {
			return true
		}
	}
	return false
}

// inUse says who has the file of a storage open: the collector of this configuration
// must, and nobody else may.
func (h *holder) inUse(path string, sources []string) []finding {
	switch {
	case h.hasConfig(sources):
		return passed("%s is in use by %s, which is the collector of this configuration", path, h)
	case len(h.arguments) == 0:
		return warning("if that is the collector of this configuration, all is well: run the check as root or as the collector's user to see it. Otherwise a second one runs with the same storage: stop one of the two, or give each a `directory` of its own", "%s is in use by %s", path, h)
	case len(h.configs()) == 0:
		return failed("stop that process: the collector does not start while it has the file open", "%s is in use by %s, which is no collector with this configuration", path, h)
	}
	return failed("stop one of the two, or give each a `directory` of its own: the second one does not start. If that is the collector of this configuration, pass its own --config", "%s is in use by %s, a collector with another configuration: %s", path, h, strings.Join(h.shownConfigs(), ", "))
}

// shownConfigs are the process's configurations that are files: others may hold secrets.
func (h *holder) shownConfigs() (shown []string) {
	for _, source := range h.configs() {
		scheme := schemePattern.FindString(source)
		if scheme != "" && scheme != "file:" {
			source = scheme + "…"
		}
		shown = append(shown, source)
	}
	return shown
}
