// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

type sortCommand struct {
	limit  int
	fields []string // a minus before those that descend
}

func parseSort(rest string) (command, error) {
	c := &sortCommand{limit: 10000} // Splunk's default
	descending := false
	for i, each := range strings.Fields(strings.ReplaceAll(rest, ",", " ")) {
		if n, err := strconv.Atoi(each); err == nil && i == 0 {
			c.limit = n
			continue
		}
		switch {
		case each == "-" || each == "+":
			descending = each == "-"
			continue
		case strings.HasPrefix(each, "-"):
			descending, each = true, each[1:]
		default:
			each = strings.TrimPrefix(each, "+")
		}
		if descending {
			each = "-" + each
		}
		c.fields, descending = append(c.fields, each), false
	}
	if len(c.fields) == 0 {
		return nil, errors.New("names no field")
	}
	return c, nil
}

func (c *sortCommand) flow(f *flow) {
	for _, name := range c.fields {
		f.read(strings.TrimPrefix(name, "-"))
	}
}

func (c *sortCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int {
		for _, name := range c.fields {
			if up := strings.TrimPrefix(name, "-"); up != name {
				if o := order(b[up], a[up]); o != 0 {
					return o
				}
			} else if o := order(a[name], b[name]); o != 0 {
				return o
			}
		}
		return 0
	})
	return first(rows, c.limit), nil
}

type headCommand struct{ count int }

func parseHead(rest string) (command, error) {
	if strings.TrimSpace(rest) == "" {
		return &headCommand{10}, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(rest))
	return &headCommand{n}, err
}

func (*headCommand) flow(*flow) {}
func (c *headCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	return first(rows, c.count), nil
}
