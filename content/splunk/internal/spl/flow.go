// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"slices"
	"strings"
)

// flow follows the fields through a search.
type flow struct {
	known   map[string]bool
	always  func(string) bool // fields beside those, until a command replaces all
	unknown []string
	lookups []string
}

// Uses returns the fields that the search reads and that are not there at that place, given those
// that events have, and the lookups that it names.
func (s *Search) Uses(events func(field string) bool) (unknown, lookups []string) {
	f := s.follow(events)
	return f.unknown, f.lookups
}

// Results returns whether the results of the search have a field.
func (s *Search) Results(events func(field string) bool) func(field string) bool {
	return s.follow(events).has
}

func (s *Search) follow(events func(field string) bool) *flow {
	f := &flow{known: map[string]bool{}, always: events}
	for _, c := range s.commands {
		c.flow(f)
	}
	return f
}

// Filters returns the values that the search's filters want of a field, such as sourcetype.
func (s *Search) Filters(field string) []string {
	var values []string
	visit := func(c comparison, negated bool) {
		if c.field == field && !negated {
			values = append(values, c.values...)
		}
	}
	for _, c := range s.commands {
		switch c := c.(type) {
		case *searchCommand:
			c.filter.comparisons(visit)
		case *tstatsCommand:
			c.filter.comparisons(visit)
		}
	}
	return values
}

func (f *flow) has(name string) bool {
	return f.known[name] || (f.always != nil && f.always(name))
}

func (f *flow) read(names ...string) {
	for _, name := range names {
		if strings.Contains(name, "*") {
			continue // as many as there are
		}
		if !f.has(name) && !slices.Contains(f.unknown, name) {
			f.unknown = append(f.unknown, name)
		}
	}
}

func (f *flow) readOne(name string) { f.read(name) }

func (f *flow) write(names ...string) {
	for _, name := range names {
		f.known[name] = true
	}
}

// replace makes these the only fields.
func (f *flow) replace(names ...string) {
	f.known, f.always = map[string]bool{}, nil
	f.write(names...)
}
