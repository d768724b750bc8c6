// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "time"

type binCommand struct {
	field, as string
	span      time.Duration
}

func parseBin(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	name, err := t.name()
	if err != nil {
		return nil, err
	}
	options, err := t.options("span")
	if err != nil {
		return nil, err
	}
	width, err := span(options["span"])
	if err != nil {
		return nil, err
	}
	as, err := t.alias(name)
	if err != nil {
		return nil, err
	}
	return &binCommand{name, as, width}, t.done()
}

func (c *binCommand) flow(f *flow) { f.read(c.field); f.write(c.as) }
func (c *binCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		if at, ok := number(row[c.field]); ok {
			row.set(c.as, at-float64(int64(at)%int64(c.span.Seconds()))-(at-float64(int64(at))))
		}
		return nil
	})
}
