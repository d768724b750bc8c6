// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"slices"
)

type statsCommand struct {
	list []aggregate
	by   []string
}

func parseStats(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	list, by, err := t.stats()
	return &statsCommand{list, by}, err
}

func (t *tokens) stats() (list []aggregate, by []string, err error) {
	if list, err = t.aggregates(); err != nil {
		return nil, nil, err
	}
	if t.accept("BY") {
		by, err = t.names()
	}
	if err == nil {
		err = t.done()
	}
	return list, by, err
}

func (c *statsCommand) flow(f *flow) {
	var names []string
	for i := range c.list {
		c.list[i].read(f)
		names = append(names, c.list[i].as)
	}
	f.read(c.by...)
	f.replace(append(names, c.by...)...)
}

func (c *statsCommand) run(env *Environment, rows []Row) ([]Row, error) {
	var results []Row
	for _, g := range grouped(rows, c.by) {
		row := g.values.Clone()
		for i := range c.list {
			v, err := c.list[i].value(env, g.rows)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.list[i].as, err)
			}
			row.set(c.list[i].as, v)
		}
		results = append(results, row)
	}
	return results, nil
}

// group is the rows with the same values of the fields after BY.
type group struct {
	values Row
	rows   []Row
}

// grouped groups rows. One that lacks a field is in no group, and one with several values in as many.
func grouped(rows []Row, by []string) []*group {
	groups := map[string]*group{}
	var keys []string
	for _, row := range rows {
		for _, values := range combinations(row, by) {
			key, _ := rowKey(values, by)
			if groups[key] == nil {
				groups[key] = &group{values: values}
				keys = append(keys, key)
			}
			groups[key].rows = append(groups[key].rows, row)
		}
	}
	if len(by) == 0 && len(keys) == 0 { // without BY there is one group, even of no rows
		return []*group{{values: Row{}}}
	}
	slices.Sort(keys)
	list := make([]*group, len(keys))
	for i, key := range keys {
		list[i] = groups[key]
	}
	return list
}

func combinations(row Row, by []string) []Row {
	list := []Row{{}}
	for _, name := range by {
		var next []Row
		for _, each := range list {
			for _, v := range Texts(row[name]) {
				extended := each.Clone()
				extended[name] = v
				next = append(next, extended)
			}
		}
		list = next
	}
	return list
}

// eventStatsCommand adds what stats computes to each row.
type eventStatsCommand struct{ statsCommand }

func parseEventStats(rest string) (command, error) {
	c, err := parseStats(rest)
	if err != nil {
		return nil, err
	}
	return &eventStatsCommand{*c.(*statsCommand)}, nil
}

func (c *eventStatsCommand) flow(f *flow) {
	f.read(c.by...)
	for i := range c.list {
		c.list[i].read(f)
		f.write(c.list[i].as)
	}
}

func (*eventStatsCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }
