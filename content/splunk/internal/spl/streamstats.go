// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// streamStatsCommand computes over the rows up to each row.
type streamStatsCommand struct {
	statsCommand
	current    bool
	window     int
	global     bool
	timeWindow time.Duration
}

func parseStreamStats(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	options, err := t.options("current", "window", "global", "time_window")
	if err != nil {
		return nil, err
	}
	c := &streamStatsCommand{current: !isFalse(options["current"]), global: !isFalse(options["global"])}
	if _, err := fmt.Sscan("0"+options["window"], &c.window); err != nil {
		return nil, err
	}
	if width, ok := options["time_window"]; ok {
		if c.timeWindow, err = span(width); err != nil {
			return nil, err
		}
	}
	c.list, c.by, err = t.stats()
	return c, err
}

func isFalse(option string) bool { return option == "f" || option == "false" }

func (c *streamStatsCommand) flow(f *flow) {
	if c.timeWindow > 0 {
		f.read("_time")
	}
	f.read(c.by...)
	for i := range c.list {
		c.list[i].read(f)
		f.write(c.list[i].as)
	}
}

// limit returns how many rows a window has at most. One in time has a limit, too.
func (c *streamStatsCommand) limit(env *Environment) int {
	longest := cmp.Or(env.LongestWindow, 10000)
	if c.window == 0 && c.timeWindow > 0 {
		return longest
	}
	return min(c.window, longest)
}

func (c *streamStatsCommand) run(env *Environment, rows []Row) ([]Row, error) {
	results := make([]Row, len(rows))
	groups := map[string][]int{} // the positions of the rows of each group
	for i, row := range rows {
		results[i] = row.Clone()
		key, ok := rowKey(row, c.by)
		if !ok {
			continue
		}
		positions := groups[key]
		groups[key] = append(positions, i)
		if c.current {
			positions = groups[key]
		}
		window, err := c.inTime(pick(rows, c.within(positions, i, c.limit(env))), row)
		if err != nil {
			return nil, err
		}
		for j := range c.list {
			v, err := c.list[j].value(env, window)
			if err != nil {
				return nil, err
			}
			results[i].set(c.list[j].as, v)
		}
	}
	return results, nil
}

// within keeps the positions of a group's rows that are in the window of the row at i. Splunk's default
// is one window that all groups share, so that many rows of one group push those of another out.
// global=f gives each its own, and counts with window= only.
func (c *streamStatsCommand) within(positions []int, i, limit int) []int {
	switch {
	case limit == 0:
		return positions
	case c.window > 0 && !c.global:
		return positions[max(len(positions)-limit, 0):]
	}
	first := i - limit
	if c.current {
		first++
	}
	from, _ := slices.BinarySearch(positions, first)
	return positions[from:]
}

// inTime keeps the rows of a time window. Splunk wants them in the order of time, upwards or downwards.
func (c *streamStatsCommand) inTime(window []Row, row Row) ([]Row, error) {
	if c.timeWindow == 0 {
		return window, nil
	}
	now, _ := number(row["_time"])
	up, down := false, false
	return keep(window, func(before Row) (bool, error) {
		at, ok := number(before["_time"])
		up, down = up || at < now, down || at > now
		if !ok || (up && down) {
			return false, fmt.Errorf("rows are not in the order of time: sort them")
		}
		return math.Abs(now-at) < c.timeWindow.Seconds(), nil
	})
}
