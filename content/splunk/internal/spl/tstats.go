// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "slices"

// tstatsCommand reads indexed fields only.
type tstatsCommand struct {
	statsCommand
	filter filter
}

func parseTStats(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	c := &tstatsCommand{}
	if c.list, err = t.aggregates(); err != nil {
		return nil, err
	}
	c.filter = allOf{}
	if t.accept("WHERE") {
		if c.filter, err = t.filter(); err != nil {
			return nil, err
		}
	}
	for t.accept("BY") || t.peek().kind != end {
		if _, err := t.options("span"); err != nil {
			return nil, err
		}
		if t.accept(",") || t.peek().kind == end {
			continue
		}
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		c.by = append(c.by, name)
	}
	return c, t.done()
}

// metadata are the indexed fields that every event has.
var metadata = []string{"host", "source", "sourcetype", "index", "_time", "_indextime"}

// IndexedOnly is asked of a name that tstats reads, instead of the name alone.
const IndexedOnly = "indexed:"

func (c *tstatsCommand) flow(f *flow) {
	before := f.always
	f.always = func(name string) bool {
		return slices.Contains(metadata, name) || (before != nil && before(IndexedOnly+name))
	}
	readFields(c.filter, f.readOne)
	c.statsCommand.flow(f)
}

func (c *tstatsCommand) run(env *Environment, rows []Row) ([]Row, error) {
	rows, err := change(rows, func(row Row) error {
		beside, _ := row[Indexed].([]string)
		for name := range row {
			if name != Indexed && !slices.Contains(metadata, name) && !slices.Contains(beside, name) {
				delete(row, name)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rows, err = keep(rows, func(row Row) (bool, error) { return c.filter.matches(env, row) }); err != nil {
		return nil, err
	}
	return c.statsCommand.run(env, rows)
}
