// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "fmt"

type assignment struct {
	field string
	value expression
}

type evalCommand struct{ list []assignment }

func parseEval(rest string) (command, error) {
	t, err := lex(rest, true)
	if err != nil {
		return nil, err
	}
	c := &evalCommand{}
	for {
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		if err := t.expect("="); err != nil {
			return nil, err
		}
		value, err := t.expression(0)
		if err != nil {
			return nil, err
		}
		c.list = append(c.list, assignment{name, value})
		if !t.accept(",") {
			return c, t.done()
		}
	}
}

func (c *evalCommand) flow(f *flow) {
	for _, each := range c.list {
		each.value.fields(f.readOne)
		f.write(each.field)
	}
}

func (c *evalCommand) run(env *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for _, each := range c.list {
			v, err := each.value.eval(env, row)
			if err != nil {
				return fmt.Errorf("%s: %w", each.field, err)
			}
			row.set(each.field, v)
		}
		return nil
	})
}

// Assign evaluates the assignments of INGEST_EVAL, one after the other.
func Assign(text string, row Row) (Row, error) {
	c, err := parseEval(text)
	if err != nil {
		return nil, err
	}
	rows, err := c.run(&Environment{}, []Row{row})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}
