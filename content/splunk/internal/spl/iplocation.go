// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import "net/netip"

type locationCommand struct{ field string }

func parseLocation(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	name, err := t.name()
	if err != nil {
		return nil, err
	}
	return &locationCommand{name}, t.done()
}

var located = []string{"City", "Country", "Region", "lat", "lon"}

func (c *locationCommand) flow(f *flow) { f.read(c.field); f.write(located...) }
func (c *locationCommand) run(env *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for _, name := range located {
			delete(row, name)
		}
		if ip, err := netip.ParseAddr(text(row[c.field])); err == nil {
			for name, v := range env.Locate(ip) {
				row.set(name, v)
			}
		}
		return nil
	})
}
