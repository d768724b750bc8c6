// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package app reads the Splunk app and does with events what Splunk does by its configuration, for the
// app's tests.
package app

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/conf"
	"github.com/oversight-protocol/oversight-otelcol/content/splunk/internal/spl"
)

// App is the app's configuration.
type App struct {
	Props, Transforms, Fields, Macros, EventTypes, Tags, SavedSearches, Metadata *conf.File
	// Lookups are those of transforms.conf, by name.
	Lookups map[string]*spl.Lookup
}

// Load reads the app in a directory.
func Load(directory string) (*App, error) {
	a := &App{Lookups: map[string]*spl.Lookup{}}
	for name, file := range map[string]**conf.File{
		"default/props.conf": &a.Props, "default/transforms.conf": &a.Transforms, "default/fields.conf": &a.Fields,
		"default/macros.conf": &a.Macros, "default/eventtypes.conf": &a.EventTypes, "default/tags.conf": &a.Tags,
		"default/savedsearches.conf": &a.SavedSearches, "metadata/default.meta": &a.Metadata,
	} {
		read, err := conf.Read(directory, name)
		if err != nil {
			return nil, err
		}
		*file = read
	}
	for i := range a.Transforms.Stanzas {
		if stanza := &a.Transforms.Stanzas[i]; stanza.Get("filename") != "" {
			lookup, err := readLookup(filepath.Join(directory, "lookups"), stanza)
			if err != nil {
				return nil, fmt.Errorf("transforms.conf: [%s]: %w", stanza.Name, err)
			}
			a.Lookups[stanza.Name] = lookup
		}
	}
	return a, nil
}

func readLookup(directory string, stanza *conf.Stanza) (*spl.Lookup, error) {
	records, err := readCSV(filepath.Join(directory, stanza.Get("filename")))
	if err != nil {
		return nil, err
	}
	lookup := &spl.Lookup{Fields: records[0], IgnoreCase: stanza.Get("case_sensitive_match") == "false"}
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, value := range record {
			row[records[0][i]] = value
		}
		lookup.Rows = append(lookup.Rows, row)
	}
	for _, each := range strings.FieldsFunc(stanza.Get("match_type"), func(r rune) bool { return r == ',' || r == ' ' }) {
		kind, name, _ := strings.Cut(strings.TrimSuffix(each, ")"), "(")
		switch kind {
		case "CIDR":
			lookup.CIDR = append(lookup.CIDR, name)
		case "WILDCARD":
			lookup.Wildcard = append(lookup.Wildcard, name)
		default:
			return nil, fmt.Errorf("match_type %s is neither CIDR(…) nor WILDCARD(…)", each)
		}
	}
	return lookup, nil
}

// readCSV returns the records of a file, the first of which are the names of its columns.
func readCSV(name string) ([][]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	records, err := csv.NewReader(file).ReadAll()
	if err == nil && len(records) == 0 {
		err = errors.New("has no line with the names of its columns")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return records, nil
}

// FindsIndexed reports whether fields.conf calls a field of a sourcetype indexed.
func (a *App) FindsIndexed(sourcetype, field string) bool {
	for i := range a.Fields.Stanzas {
		stanza := &a.Fields.Stanzas[i]
		pattern, scoped := strings.CutPrefix(stanza.Name, "sourcetype::"+sourcetype+"::")
		if !scoped || stanza.Get("INDEXED") != "true" {
			continue
		}
		if prefix, wild := strings.CutSuffix(pattern, "*"); pattern == field || (wild && strings.HasPrefix(field, prefix)) {
			return true
		}
	}
	return false
}
