// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package conf reads Splunk's configuration files, for the tests of the app.
package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// File is a configuration file.
type File struct {
	// Stanzas are in the order of the file.
	Stanzas []Stanza
}

// Stanza is one of its stanzas.
type Stanza struct {
	Name string
	// Keys are in the order of the file.
	Keys   []string
	values map[string]string
}

// Get returns the value of a key, or "". A stanza that is nil has no keys.
func (s *Stanza) Get(key string) string {
	if s == nil {
		return ""
	}
	return s.values[key]
}

// Stanza returns the stanza with a name, or nil.
func (f *File) Stanza(name string) *Stanza {
	for i := range f.Stanzas {
		if f.Stanzas[i].Name == name {
			return &f.Stanzas[i]
		}
	}
	return nil
}

// Read reads a file. One that does not exist is empty.
func Read(directory, name string) (*File, error) {
	text, err := os.ReadFile(filepath.Join(directory, name))
	if os.IsNotExist(err) {
		return &File{}, nil
	}
	if err != nil {
		return nil, err
	}
	file, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

// Parse reads the text of a file. A line that ends with a backslash continues, and the value
// keeps the line break, as in Splunk. What Splunk ignores, or merges without a word, is an error
// here: a line that is no setting, a stanza or a key that is there twice.
func Parse(text string) (*File, error) {
	file := &File{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line, number := strings.TrimRight(lines[i], " \t"), i+1
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "" || trimmed[0] == '#':
			continue
		case trimmed[0] == '[':
			if err := file.begin(trimmed); err != nil {
				return nil, fmt.Errorf("line %d: %w", number, err)
			}
			continue
		}
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = line[:len(line)-1] + "\n" + strings.TrimRight(lines[i], " \t")
		}
		if err := file.set(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return file, nil
}

func (f *File) begin(line string) error {
	if !strings.HasSuffix(line, "]") {
		return fmt.Errorf("%q is no stanza", line)
	}
	name := line[1 : len(line)-1]
	if f.Stanza(name) != nil {
		return fmt.Errorf("the stanza [%s] is there twice", name)
	}
	f.Stanzas = append(f.Stanzas, Stanza{Name: name, values: map[string]string{}})
	return nil
}

func (f *File) set(line string) error {
	key, value, found := strings.Cut(line, "=")
	key = strings.TrimSpace(key)
	if !found || key == "" || len(f.Stanzas) == 0 {
		return fmt.Errorf("%q is no setting of a stanza", line)
	}
	stanza := &f.Stanzas[len(f.Stanzas)-1]
	if _, twice := stanza.values[key]; twice {
		return fmt.Errorf("[%s] has %s twice", stanza.Name, key)
	}
	stanza.Keys = append(stanza.Keys, key)
	stanza.values[key] = strings.TrimSpace(value)
	return nil
}
