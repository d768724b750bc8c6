// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "strings"

// pair is a field of the lookup, or of the event, and what it is called on the other side.
type pair struct{ from, to string }

func (t *tokens) pairs(until ...string) ([]pair, error) {
	var pairs []pair
	for t.peek().kind != end {
		for _, stop := range until {
			if strings.EqualFold(t.peek().text, stop) {
				return pairs, nil
			}
		}
		if t.accept(",") {
			continue
		}
		from, err := t.name()
		if err != nil {
			return nil, err
		}
		to, err := t.alias(from)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{from, to})
	}
	return pairs, nil
}

type renameCommand struct{ pairs []pair }

func parseRename(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	pairs, err := t.pairs()
	return &renameCommand{pairs}, err
}

func (c *renameCommand) flow(f *flow) {
	for _, each := range c.pairs {
		f.read(each.from)
		f.write(each.to)
	}
}

func (c *renameCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for _, each := range c.pairs {
			v := row[each.from]
			delete(row, each.from)
			row.set(each.to, v)
		}
		return nil
	})
}
