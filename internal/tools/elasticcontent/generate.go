// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packageName is the name of the integration package, and of its directory.
const packageName = "oversight"

// datasets are the data streams, without the package's name in front.
var datasets = []string{"beacon", "integrity", "checkpoint"}

// generatedDirs are the directories that have generated files only.
var generatedDirs = []string{
	"assets/component_template", "assets/index_template", "assets/ingest_pipeline", "package/oversight/kibana/dashboard",
}

// fileSet is the content of files by their slash-separated paths below content/elastic.
type fileSet map[string][]byte

// generate makes all files that are generated.
func generate(dir string) (fileSet, error) {
	files := fileSet{}
	for _, step := range []func(dir string, files fileSet) error{
		addFields, addTemplates, addPipelines, addSamples, addDashboards,
	} {
		if err := step(dir, files); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// write writes the files, and removes what is left of earlier ones.
func (f fileSet) write(dir string) error {
	stale, err := f.stale(dir)
	if err != nil {
		return err
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	for name, content := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // public files
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // public files
			return err
		}
	}
	return nil
}

// stale returns the files in generatedDirs that are generated no more.
func (f fileSet) stale(dir string) (names []string, err error) {
	for _, generated := range generatedDirs {
		entries, err := fs.Glob(os.DirFS(dir), generated+"/*")
		if err != nil {
			return nil, err
		}
		for _, name := range entries {
			if _, found := f[name]; !found {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// addJSON adds a file of indented JSON. Texts are for people, too: < and > stay.
func (f fileSet) addJSON(name string, value any) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	f[name] = buffer.Bytes()
	return nil
}

// addLines adds a file of NDJSON, one object a line.
func (f fileSet) addLines(name string, objects []any) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	for _, object := range objects {
		if err := encoder.Encode(object); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	f[name] = buffer.Bytes()
	return nil
}

// names returns the names of the files with a prefix, sorted.
func (f fileSet) names(prefix string) []string {
	var names []string
	for name := range f {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
