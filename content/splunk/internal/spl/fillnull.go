// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "errors"

type fillNullCommand struct {
	value  string
	fields []string
}

func parseFillNull(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	options, err := t.options("value")
	if err != nil {
		return nil, err
	}
	fields, err := t.names()
	if len(fields) == 0 && err == nil {
		err = errors.New("names no field")
	}
	c := &fillNullCommand{"0", fields}
	if v, ok := options["value"]; ok {
		c.value = v
	}
	return c, err
}

func (c *fillNullCommand) flow(f *flow) { f.write(c.fields...) }
func (c *fillNullCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for _, name := range c.fields {
			if row[name] == nil {
				row[name] = c.value
			}
		}
		return nil
	})
}
