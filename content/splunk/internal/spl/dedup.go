// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

type dedupCommand struct {
	fields    []string
	keepEmpty bool
}

func parseDedup(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	c := &dedupCommand{}
	for t.peek().kind != end {
		options, err := t.options("keepempty")
		if err != nil {
			return nil, err
		}
		c.keepEmpty = c.keepEmpty || options["keepempty"] == "true"
		if t.accept(",") || t.peek().kind == end {
			continue
		}
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		c.fields = append(c.fields, name)
	}
	return c, nil
}

func (c *dedupCommand) flow(f *flow) { f.read(c.fields...) }
func (c *dedupCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	seen := map[string]bool{}
	return keep(rows, func(row Row) (bool, error) {
		key, ok := rowKey(row, c.fields)
		if !ok {
			return c.keepEmpty, nil
		}
		first := !seen[key]
		seen[key] = true
		return first, nil
	})
}
