// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "time"

// convertCommand is convert ctime(field): it makes a time readable.
type convertCommand struct{ fields []string }

func parseConvert(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	if _, err := t.options("timeformat"); err != nil {
		return nil, err
	}
	c := &convertCommand{}
	for t.peek().kind != end {
		if err := t.expect("ctime"); err != nil {
			return nil, err
		}
		if err := t.expect("("); err != nil {
			return nil, err
		}
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		if err := t.expect(")"); err != nil {
			return nil, err
		}
		c.fields = append(c.fields, name)
	}
	return c, nil
}

func (c *convertCommand) flow(f *flow) { f.read(c.fields...) }
func (c *convertCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for _, name := range c.fields {
			if at, ok := number(row[name]); ok {
				row[name] = time.Unix(int64(at), 0).UTC().Format("01/02/2006 15:04:05")
			}
		}
		return nil
	})
}
