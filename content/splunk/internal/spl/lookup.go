// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

type lookupCommand struct {
	name            string
	inputs, outputs []pair
	onlyNew         bool
}

func parseLookup(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	c := &lookupCommand{}
	if c.name, err = t.name(); err != nil {
		return nil, err
	}
	if c.inputs, err = t.pairs("OUTPUT", "OUTPUTNEW"); err != nil {
		return nil, err
	}
	c.onlyNew = strings.EqualFold(t.next().text, "OUTPUTNEW")
	if c.outputs, err = t.pairs(); err != nil {
		return nil, err
	}
	if len(c.inputs) != 1 || len(c.outputs) == 0 {
		return nil, errors.New("one field to match and an OUTPUT are known here")
	}
	return c, nil
}

func (c *lookupCommand) flow(f *flow) {
	f.lookups = append(f.lookups, c.name)
	for _, each := range c.inputs {
		f.lookups = append(f.lookups, c.name+" "+each.from)
		f.read(each.to)
	}
	for _, each := range c.outputs {
		f.lookups = append(f.lookups, c.name+" "+each.from)
		f.write(each.to)
	}
}

func (c *lookupCommand) run(env *Environment, rows []Row) ([]Row, error) {
	table := env.Lookup(c.name)
	if table == nil {
		return nil, fmt.Errorf("there is no lookup %s", c.name)
	}
	return change(rows, func(row Row) error {
		value := row[c.inputs[0].to]
		if _, multi := value.([]string); multi {
			return fmt.Errorf("looks the multivalue %q up", value)
		}
		var found map[string]string
		if value != nil {
			found = table.find(c.inputs[0].from, text(value))
		}
		for _, each := range c.outputs {
			if _, has := row[each.to]; c.onlyNew && has {
				continue
			}
			delete(row, each.to)
			if v := found[each.from]; v != "" {
				row[each.to] = v
			}
		}
		return nil
	})
}

func (l *Lookup) find(field, value string) map[string]string {
	for _, row := range l.Rows {
		pattern := row[field]
		switch {
		case slices.Contains(l.CIDR, field) && cidrMatch(pattern, value),
			slices.Contains(l.Wildcard, field) && l.IgnoreCase && wildcard(pattern, value),
			pattern == value:
			return row
		}
	}
	return nil
}

type inputLookupCommand struct{ name string }

func parseInputLookup(rest string) (command, error) {
	return &inputLookupCommand{strings.TrimSpace(rest)}, nil
}

func (c *inputLookupCommand) flow(f *flow) {
	f.lookups = append(f.lookups, c.name)
	f.replace()
	f.always = func(string) bool { return true }
}

func (c *inputLookupCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }
