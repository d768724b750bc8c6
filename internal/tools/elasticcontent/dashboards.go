// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// columnsOfDashboard is how wide Kibana's grid is.
const columnsOfDashboard = 48

// dashboard is a file of dashboards/.
type dashboard struct {
	Title       string    `yaml:"title"`
	Description string    `yaml:"description"`
	Dataset     string    `yaml:"dataset"` // of panels that name none
	Controls    []control `yaml:"controls"`
	Rows        []struct {
		Height int     `yaml:"height"`
		Panels []panel `yaml:"panels"`
	} `yaml:"rows"`
}

// control lets the viewer choose values of a field.
type control struct {
	Field string `yaml:"field"`
	Title string `yaml:"title"`
}

// panel is a visualization over the documents of one data stream.
type panel struct {
	Title   string `yaml:"title"`
	Type    string `yaml:"type"` // number, timeline or table
	Width   int    `yaml:"width"`
	Dataset string `yaml:"dataset"`
	Query   string `yaml:"query"` // KQL
	// Value is what a number or a timeline shows.
	Value metric `yaml:"value"`
	// Split is the field by whose values a timeline is split, and Time the field of
	// its axis. Default @timestamp.
	Split string `yaml:"split"`
	Time  string `yaml:"time"`
	// By and Values are the columns of a table. The first of By has to be the most
	// specific one: the others are what it is of.
	By     []grouping `yaml:"by"`
	Values []metric   `yaml:"values"`
}

// grouping makes a row of a table of each value of a field.
type grouping struct {
	Field string `yaml:"field"`
	Label string `yaml:"label"`
}

// metric is one number over documents. One of the fields is set, apart from Label.
type metric struct {
	Label  string `yaml:"label"`
	Unique string `yaml:"unique"` // how many values the field has
	Max    string `yaml:"max"`
	Min    string `yaml:"min"`
	Sum    string `yaml:"sum"`
	Last   string `yaml:"last"` // the value of the newest document, of a field that is no list
}

func (m metric) field() string { return m.Unique + m.Max + m.Min + m.Sum + m.Last }

// Where dashboards find documents: Fleet creates the data view logs-*, and the plain
// assets bring one of their own.
const (
	fleetDataView = "logs-*"
	plainDataView = "oversight"
)

// addDashboards adds the dashboards to the package, and all of them with a data view as
// one file that Kibana imports.
func addDashboards(dir string, files fileSet) error {
	paths, err := filepath.Glob(filepath.Join(dir, "dashboards", "*.yml"))
	if err != nil || len(paths) == 0 {
		return errors.Join(err, errors.New("no dashboards"))
	}
	fields, err := readFields(dir)
	if err != nil {
		return err
	}
	types := map[string]string{}
	for _, f := range slices.Concat(fields.ecs, fields.own) {
		types[f.Name] = f.Type
	}
	exported := []any{dataView()}
	for _, path := range paths {
		var d dashboard
		if err := readYAML(path, &d); err != nil {
			return err
		}
		id := packageName + "-" + strings.TrimSuffix(filepath.Base(path), ".yml")
		if err := d.check(types); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		fleet := &builder{types: types, dataView: fleetDataView}
		if err := files.addJSON("package/oversight/kibana/dashboard/"+id+".json", fleet.dashboard(id, d)); err != nil {
			return err
		}
		plain := &builder{types: types, dataView: plainDataView}
		exported = append(exported, encoded(plain.dashboard(id, d)))
	}
	return files.addLines("assets/dashboards.ndjson", exported)
}

// check returns an error if the dashboard names a field that no document has, or a row
// does not fill the grid.
func (d *dashboard) check(types map[string]string) error {
	known := func(name string) error {
		if types[name] == "" {
			return fmt.Errorf("no field %q in fields.yml", name)
		}
		return nil
	}
	var errs []error
	for _, c := range d.Controls {
		errs = append(errs, known(c.Field))
	}
	for i, row := range d.Rows {
		width := 0
		for _, p := range row.Panels {
			width += p.Width
			for _, name := range p.fields() {
				errs = append(errs, known(name))
			}
		}
		if width != columnsOfDashboard {
			errs = append(errs, fmt.Errorf("row %d is %d wide: make its panels %d wide together", i+1, width, columnsOfDashboard))
		}
	}
	return errors.Join(errs...)
}

// fields returns the fields that a panel shows.
func (p panel) fields() (names []string) {
	switch p.Type {
	case "number":
		return []string{p.Value.field()}
	case "timeline":
		return []string{p.Value.field(), p.Split, p.time()}
	}
	for _, g := range p.By {
		names = append(names, g.Field)
	}
	for _, m := range p.Values {
		names = append(names, m.field())
	}
	return names
}

func (p panel) time() string {
	if p.Time == "" {
		return "@timestamp"
	}
	return p.Time
}

// dataView is the plain assets' data view.
func dataView() object {
	return object{
		"id": plainDataView, "type": "index-pattern",
		"attributes": object{"title": "logs-oversight.*", "name": "Oversight", "timeFieldName": "@timestamp"},
		"references": []any{}, "coreMigrationVersion": coreVersion, "typeMigrationVersion": "8.0.0",
	}
}

// encoded returns a saved object as Kibana exports it: some attributes are JSON in a
// text. Elastic's packages have them decoded.
func encoded(saved object) object {
	result, attributes := maps.Clone(saved), maps.Clone(saved["attributes"].(object))
	result["attributes"] = attributes
	encode := func(in object, name string) {
		text, err := json.Marshal(in[name])
		if err != nil {
			panic(err) // it was made of JSON's types
		}
		in[name] = string(text)
	}
	encode(attributes, "panelsJSON")
	encode(attributes, "optionsJSON")
	for _, nested := range [][]string{{"kibanaSavedObjectMeta", "searchSourceJSON"}, {"controlGroupInput", "panelsJSON", "ignoreParentSettingsJSON"}} {
		part := maps.Clone(attributes[nested[0]].(object))
		for _, name := range nested[1:] {
			encode(part, name)
		}
		attributes[nested[0]] = part
	}
	return result
}
