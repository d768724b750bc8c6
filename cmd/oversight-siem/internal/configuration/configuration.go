// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package configuration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Configuration is a configuration of the collector.
type Configuration struct {
	// Text is YAML with comments.
	Text string
	// Required are the variables that must be set before the collector starts.
	Required []string
}

// New returns the configuration for the answers.
func New(a *Answers) (*Configuration, error) {
	d, err := findDestination(a.For)
	if err != nil {
		return nil, err
	}
	if err := a.checkPaths(); err != nil {
		return nil, err
	}
	values, err := a.values(d)
	if err != nil {
		return nil, err
	}
	text, err := d.text()
	if err != nil {
		return nil, err
	}
	if text, err = a.insertOptions(d, text); err != nil {
		return nil, err
	}
	if text, err = a.insertLog(text); err != nil {
		return nil, err
	}
	if err := checkVariables(text, values); err != nil {
		return nil, err
	}
	if text, err = a.insertSecret(d, text); err != nil {
		return nil, err
	}
	text = removeFromHeader(insertValues(text, values), a.answered(d, values))
	return &Configuration{Text: text, Required: requiredVariables(text)}, nil
}

// answered returns the variables that are not in the configuration any more.
func (a *Answers) answered(d destination, values map[string]string) []string {
	names := slices.Collect(maps.Keys(values))
	if a.SecretFile != "" {
		names = append(names, d.secret)
	}
	return names
}

// checkVariables returns an error for a value of a variable that the configuration does
// not have.
func checkVariables(text string, values map[string]string) error {
	var known []string
	for _, match := range variablePattern.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, match[1]) {
			known = append(known, match[1])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("this configuration has no variable %.80q: it has %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// requiredVariables returns the variables without a default, in the order of the text.
func requiredVariables(text string) (names []string) {
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(line, "$$", "") // which is the text $
		for _, match := range variablePattern.FindAllStringSubmatch(line, -1) {
			if !isComment(line) && match[2] == "" && !slices.Contains(names, match[1]) {
				names = append(names, match[1])
			}
		}
	}
	return names
}
