// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// maxEntries bounds the listing of a directory.
const maxEntries = 500

// addListings adds listings of the directories that the configuration names. It reads no
// file in them.
func (j *job) addListings() {
	const stateWhat = "names, sizes, modes and owners of the files that the collector writes"
	const registryWhat = "names, sizes and modes of the registry's files"
	if j.resolved == nil {
		j.absent("state.txt", stateWhat, "%v", errUnreadable)
		j.absent("registry.txt", registryWhat, "%v", errUnreadable)
		return
	}
	j.addListing("state.txt", stateWhat, j.stateDirectories(), owner)
	j.addListing("registry.txt", registryWhat, j.registryDirectories(), func(fs.FileInfo) string { return "" })
}

func (j *job) stateDirectories() []string {
	directories := map[string]bool{}
	for _, settings := range components(j.resolved, "extensions", "file_storage") {
		if directory := text(settings, "directory"); directory != "" {
			directories[directory] = true
		}
	}
	for _, settings := range components(j.resolved, "exporters", "file") {
		if path := text(settings, "path"); path != "" {
			directories[filepath.Dir(path)] = true
		}
	}
	return slices.Sorted(maps.Keys(directories))
}

func (j *job) registryDirectories() []string {
	directories := map[string]bool{}
	for _, settings := range components(j.resolved, "receivers", "oversight") {
		for _, path := range []string{text(settings, "database"), text(section(settings, "transparency_log"), "leaves")} {
			if path != "" {
				directories[filepath.Dir(path)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(directories))
}

// components are the settings of the components of a type.
func components(resolved map[string]any, sectionName, kind string) (all []map[string]any) {
	inner := section(resolved, sectionName)
	for _, id := range slices.Sorted(maps.Keys(inner)) {
		if found, _, _ := strings.Cut(id, "/"); found == kind {
			all = append(all, section(inner, id))
		}
	}
	return all
}

func (j *job) addListing(name, what string, directories []string, more func(fs.FileInfo) string) {
	if len(directories) == 0 {
		j.absent(name, what, "the configuration names no directory")
		return
	}
	done := make(chan string, 1)
	go func() {
		var out strings.Builder
		for _, directory := range directories {
			list(&out, directory, more)
		}
		done <- out.String()
	}()
	timer := time.NewTimer(j.Doctor.Timeout) // a file server may not answer
	defer timer.Stop()
	select {
	case listing := <-done:
		j.add(name, what, firstPart(listing, maxFile))
	case <-timer.C:
		j.absent(name, what, "no result within %s: a file server does not answer", j.Doctor.Timeout)
	}
}

func list(out *strings.Builder, directory string, more func(fs.FileInfo) string) {
	fmt.Fprintf(out, "%s:\n", directory)
	opened, err := openDirectory(directory)
	if err != nil {
		fmt.Fprintf(out, "  %v\n", err)
		return
	}
	defer opened.Close()
	entries, err := opened.Readdir(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintf(out, "  %v\n", err)
	}
	slices.SortFunc(entries, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	for _, info := range entries {
		fmt.Fprintf(out, "  %s %12d %s%q\n", info.Mode(), info.Size(), more(info), info.Name())
	}
	if len(entries) == maxEntries {
		fmt.Fprintf(out, "  only the first %d are listed\n", maxEntries)
	}
}

// openDirectory opens a directory, and nothing else: opening a pipe may never end.
func openDirectory(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return os.Open(path)
}
