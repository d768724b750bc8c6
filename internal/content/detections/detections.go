// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package detections reads what content/detections.yaml says about each detection, and
// the samples that must raise it or must not. It is for tests of the content of SIEMs.
package detections

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
)

// Detection is one detection, in whatever SIEM.
type Detection struct {
	// ID names it in tests and file names, in snake case.
	ID string `yaml:"id"`
	// Title is what users see; see [Detection.Name].
	Title string `yaml:"title"`
	// Severity is low, medium or high.
	Severity string `yaml:"severity"`
	// Description begins the description in each SIEM.
	Description string `yaml:"description"`
	// Tactics and Techniques are of MITRE ATT&CK.
	Tactics    []Attack `yaml:"tactics"`
	Techniques []Attack `yaml:"techniques"`
	// Data is what it reads: event, finding, checkpoint.
	Data []string `yaml:"data"`
	// GroupBy has one alert for each combination, by column names.
	GroupBy []string `yaml:"group_by"`
	// Frequency is how often it runs.
	Frequency time.Duration `yaml:"frequency"`
	// Window is how far apart records that it puts together may be; 0 for none.
	Window time.Duration `yaml:"window"`
	// LookBack is how far back it reads.
	LookBack time.Duration `yaml:"look_back"`
	// Parameters are what users set.
	Parameters []Parameter `yaml:"parameters"`
	// FalsePositives are honest causes.
	FalsePositives []string `yaml:"false_positives"`
	// Response is what to do with an alert.
	Response string `yaml:"response"`
}

// Attack is a tactic or a technique of MITRE ATT&CK.
type Attack struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
}

// Parameter is a value that users set.
type Parameter struct {
	Name string `yaml:"name"`
	// Value is an int, a bool, a string (a duration among them) or a list of strings.
	Value   any    `yaml:"value"`
	Meaning string `yaml:"meaning"`
}

// Name is that of the rule or saved search in each SIEM.
func (d *Detection) Name() string { return "Oversight - " + d.Title }

// Strings returns the value of a parameter that is a list, or nil.
func (d *Detection) Strings(parameter string) []string {
	for _, p := range d.Parameters {
		if list, ok := p.Value.([]any); ok && p.Name == parameter {
			values := make([]string, len(list))
			for i, value := range list {
				values[i] = fmt.Sprint(value)
			}
			return values
		}
	}
	return nil
}

// Load reads all detections, in the order of the file, from the directory content of the
// checkout.
func Load(content string) ([]Detection, error) {
	var list struct {
		Detections []Detection `yaml:"detections"`
	}
	if err := read(filepath.Join(content, "detections.yaml"), &list); err != nil {
		return nil, err
	}
	return list.Detections, nil
}

// read reads a YAML file, and refuses keys that value does not have.
func read(file string, value any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(value); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
