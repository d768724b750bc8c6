// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"slices"
	"strings"
)

type tableCommand struct {
	fields []string
	remove bool // fields - …
	hidden bool // fields: keeps _time and _raw
}

func parseTable(rest string) (command, error) {
	return &tableCommand{fields: strings.Fields(strings.ReplaceAll(rest, ",", " "))}, nil
}

func parseFields(rest string) (command, error) {
	c := &tableCommand{fields: strings.Fields(strings.ReplaceAll(rest, ",", " ")), hidden: true}
	if len(c.fields) > 0 && (c.fields[0] == "-" || c.fields[0] == "+") {
		c.remove, c.fields = c.fields[0] == "-", c.fields[1:]
	}
	return c, nil
}

func (c *tableCommand) flow(f *flow) {
	f.read(c.fields...)
	if c.remove {
		return
	}
	if slices.ContainsFunc(c.fields, func(name string) bool { return strings.Contains(name, "*") }) {
		return
	}
	f.replace(c.fields...)
	if c.hidden {
		f.write("_time", "_raw", "_indextime")
	}
}

func (c *tableCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for name := range row {
			listed := slices.ContainsFunc(c.fields, func(pattern string) bool { return wildcard(pattern, name) })
			stays := c.hidden && !c.remove && strings.HasPrefix(name, "_")
			if listed == c.remove && !stays {
				delete(row, name)
			}
		}
		return nil
	})
}
