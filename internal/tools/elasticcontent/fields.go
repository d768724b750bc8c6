// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const header = "# Copyright The Oversight Authors\n# SPDX-License-Identifier: Apache-2.0\n# Generated from fields.yml. DO NOT EDIT.\n"

// field is a field of a document.
type field struct {
	Name        string `yaml:"name"`
	Type        string `yaml:"type"`
	Description string `yaml:"description"`
	// text is whether the field has a multi-field `text`.
	text bool
	// list is whether ECS makes the field a list.
	list bool
}

// fieldList is all fields: those of ECS, and our own with their full names.
type fieldList struct{ ecs, own []field }

// readFields reads fields.yml, and the types of the ECS fields from the standard.
func readFields(dir string) (fieldList, error) {
	var list struct {
		ECS       []string `yaml:"ecs"`
		Labels    []field  `yaml:"labels"`
		Oversight []field  `yaml:"oversight"`
	}
	if err := readYAML(filepath.Join(dir, "fields.yml"), &list); err != nil {
		return fieldList{}, err
	}
	standard, err := readStandard(filepath.Join(dir, "..", "..", "testdata", "ecs", "fields-8.11.csv"))
	if err != nil {
		return fieldList{}, err
	}
	var fields fieldList
	for _, name := range list.ECS {
		f, found := standard[name]
		if !found {
			return fieldList{}, fmt.Errorf("fields.yml: %s is no field of ECS 8.11", name)
		}
		_, f.text = standard[name+".text"]
		fields.ecs = append(fields.ecs, f)
	}
	fields.own = append(withPrefix("labels.", list.Labels), withPrefix("oversight.", list.Oversight)...)
	return fields, nil
}

func withPrefix(prefix string, fields []field) []field {
	for i := range fields {
		fields[i].Name = prefix + fields[i].Name
	}
	return fields
}

// otherLabels are those that a pipeline of the collector chose.
var otherLabels = field{Name: "labels.*", Type: "object", Description: "What a pipeline of the collector added to the record."}

// readStandard reads the fields of ECS from the table that Elastic publishes.
func readStandard(path string) (map[string]field, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	fields := map[string]field{}
	for _, row := range rows[1:] {
		fields[row[3]] = field{Name: row[3], Type: row[4], list: row[6] == "array", Description: row[8]}
	}
	return fields, nil
}

// addFields adds the field definitions of the package's data streams, and the table in
// its README.
func addFields(dir string, files fileSet) error {
	fields, err := readFields(dir)
	if err != nil {
		return err
	}
	for _, dataset := range datasets {
		to := "package/oversight/data_stream/" + dataset + "/fields/"
		var base, rest []field
		for _, f := range fields.ecs {
			if f.Name == "@timestamp" || strings.HasPrefix(f.Name, "data_stream.") {
				base = append(base, f)
			} else {
				rest = append(rest, f)
			}
		}
		for name, group := range map[string][]field{"base-fields.yml": base, "ecs.yml": rest, "fields.yml": append([]field{otherLabels}, fields.own...)} {
			if files[to+name], err = definitions(group, dataset); err != nil {
				return err
			}
		}
	}
	return addReadme(dir, files, fields)
}

// definition is a field in the form of a package's fields/*.yml.
type definition struct {
	Name        string       `yaml:"name"`
	Type        string       `yaml:"type"`
	ObjectType  string       `yaml:"object_type,omitempty"`
	Value       string       `yaml:"value,omitempty"`
	IgnoreAbove int          `yaml:"ignore_above,omitempty"`
	Normalize   []string     `yaml:"normalize,omitempty,flow"`
	MultiFields []definition `yaml:"multi_fields,omitempty"`
	Description string       `yaml:"description,omitempty"`
}

// definitions are the fields as a file of the package. The package is as Elastic's
// build tool would write it: `external: ecs` is for its sources only.
func definitions(fields []field, dataset string) ([]byte, error) {
	list := make([]definition, 0, len(fields))
	for _, f := range fields {
		d := definition{Name: f.Name, Type: f.Type, Description: firstSentence(f.Description)}
		switch {
		case f.Name == otherLabels.Name:
			d.ObjectType = "keyword"
		case f.Name == "data_stream.type":
			d.Value = "logs"
		case f.Name == "data_stream.dataset":
			d.Value = packageName + "." + dataset
		case f.Type == "flattened":
			d.IgnoreAbove = ignoreAbove
		}
		if f.text {
			d.MultiFields = []definition{{Name: "text", Type: "match_only_text"}}
		}
		if f.list {
			d.Normalize = []string{"array"}
		}
		list = append(list, d)
	}
	var buffer bytes.Buffer
	buffer.WriteString(header)
	encoder := yaml.NewEncoder(&buffer)
	encoder.SetIndent(2)
	if err := encoder.Encode(list); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// firstSentence is a description's first sentence: ECS explains some at length.
func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if sentence, _, more := strings.Cut(text, ". "); more {
		return sentence + "."
	}
	return text
}

// The marks in the package's README between which the table of fields is.
const (
	tableBegin = "<!-- fields -->\n"
	tableEnd   = "<!-- /fields -->"
)

func addReadme(dir string, files fileSet, fields fieldList) error {
	const name = "package/oversight/docs/README.md"
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), tableBegin)
	_, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		return fmt.Errorf("%s: no %q and %q", name, strings.TrimSpace(tableBegin), tableEnd)
	}
	var table strings.Builder
	table.WriteString("| Field | Description | Type |\n|---|---|---|\n")
	for _, f := range slices.Concat(fields.ecs, fields.own) {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", f.Name, strings.ReplaceAll(firstSentence(f.Description), "|", `\|`), f.Type)
	}
	files[name] = []byte(before + tableBegin + table.String() + tableEnd + after)
	return nil
}

func readYAML(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(value); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
