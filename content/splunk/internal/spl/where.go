// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

type searchCommand struct{ filter filter }

func parseSearch(rest string) (command, error) {
	f, err := ParseFilter(rest)
	if err != nil {
		return nil, err
	}
	return &searchCommand{f.filter}, nil
}

func (c *searchCommand) flow(f *flow) { readFields(c.filter, f.readOne) }
func (c *searchCommand) run(env *Environment, rows []Row) ([]Row, error) {
	return keep(rows, func(row Row) (bool, error) { return c.filter.matches(env, row) })
}

type whereCommand struct{ condition expression }

func parseWhere(rest string) (command, error) {
	e, err := parseExpression(rest)
	return &whereCommand{e}, err
}

func (c *whereCommand) flow(f *flow) { c.condition.fields(f.readOne) }
func (c *whereCommand) run(env *Environment, rows []Row) ([]Row, error) {
	return keep(rows, func(row Row) (bool, error) {
		v, err := c.condition.eval(env, row)
		return v == true, err
	})
}
