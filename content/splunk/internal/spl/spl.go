// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package spl reads the part of Splunk's search language that the app uses, says which fields a
// search reads, and runs it over events. It is no Splunk: what it does not know, it refuses, and where
// Splunk's documentation leaves a question open, such as how a multivalue compares, it returns an
// error. It serves the tests of the app only.
package spl

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Environment is what a search runs in.
type Environment struct {
	// Now is when it runs.
	Now time.Time
	// Events are all events, in any order.
	Events []Row
	// LongestWindow is max_stream_window of limits.conf, [streamstats]. Default: 10000, as in Splunk.
	LongestWindow int
	// Lookup returns a lookup by its name, or nil.
	Lookup func(name string) *Lookup
	// Locate returns where an address is, as iplocation does: City, Country, lat, lon.
	Locate func(address netip.Addr) Row
	// FindsIndexed reports whether fields.conf calls a field of a sourcetype indexed.
	FindsIndexed func(sourcetype, field string) bool
}

// Lookup is a lookup of the app.
type Lookup struct {
	Fields []string
	Rows   []map[string]string
	// CIDR and Wildcard are the fields that match in these ways, and IgnoreCase is for all.
	CIDR, Wildcard []string
	IgnoreCase     bool
}

// command is one command of a search.
type command interface {
	run(env *Environment, rows []Row) ([]Row, error)
	flow(f *flow)
}

// Search is a search.
type Search struct {
	commands []command
	// Names are those of all commands, in order.
	Names []string
}

// Parse parses a search whose macros are expanded.
func Parse(query string) (*Search, error) {
	parts, err := pipeline(query)
	if err != nil {
		return nil, err
	}
	s := &Search{}
	if strings.TrimSpace(parts[0]) == "" {
		parts = parts[1:] // begins with a command that makes results
	} else if name, _ := cut(parts[0]); name != "search" {
		parts[0] = "search " + parts[0]
	}
	for _, part := range parts {
		name, rest := cut(part)
		parse := commands[name]
		if parse == nil {
			return nil, fmt.Errorf("the command %q is not known here", name)
		}
		c, err := parse(rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.TrimSpace(part), err)
		}
		s.commands, s.Names = append(s.commands, c), append(s.Names, name)
	}
	if len(s.commands) == 0 {
		return nil, errors.New("the search is empty")
	}
	return s, nil
}

func cut(part string) (name, rest string) {
	part = strings.TrimSpace(part)
	if i := strings.IndexAny(part, " \t\n"); i >= 0 {
		return strings.ToLower(part[:i]), part[i:]
	}
	return strings.ToLower(part), ""
}

// pipeline splits a search at pipes that are not quoted.
func pipeline(query string) ([]string, error) {
	var parts []string
	start := 0
	for i := 0; i < len(query); i++ {
		switch query[i] {
		case '"':
			_, length, err := unquote(query[i:])
			if err != nil {
				return nil, err
			}
			i += length - 1
		case '[', ']', '`':
			return nil, fmt.Errorf("%q is not known here: %s", query[i], query[i:])
		case '|':
			parts = append(parts, query[start:i])
			start = i + 1
		}
	}
	return append(parts, query[start:]), nil
}

// Run runs it.
func (s *Search) Run(env *Environment) ([]Row, error) {
	rows := slices.Clone(env.Events)
	slices.SortStableFunc(rows, func(a, b Row) int { // newest first, as Splunk finds them
		if c := order(b["_time"], a["_time"]); c != 0 {
			return c
		}
		return order(b["_indextime"], a["_indextime"])
	})
	for i, c := range s.commands {
		var err error
		if rows, err = c.run(env, rows); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Names[i], err)
		}
	}
	return rows, nil
}
