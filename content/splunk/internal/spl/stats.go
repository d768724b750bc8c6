// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// aggregate is a function of stats, such as dc(file_id) AS documents.
type aggregate struct {
	function string
	of       string     // a field, or "" for count
	when     expression // count(eval(…))
	as       string
}

var aggregateFunctions = []string{
	"count", "dc", "values", "list", "min", "max", "sum", "avg", "latest", "earliest", "first", "last", "latest_time", "earliest_time",
	"range", "median", "mode", "perc95", "sparkline",
}

// aggregates parses functions until BY or WHERE, or the end.
func (t *tokens) aggregates() ([]aggregate, error) {
	var list []aggregate
	for t.peek().kind != end {
		n := t.peek()
		if n.kind == word && (strings.EqualFold(n.text, "BY") || strings.EqualFold(n.text, "WHERE")) {
			break
		}
		if t.accept(",") {
			continue
		}
		a, err := t.aggregate()
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("has no function")
	}
	return list, nil
}

func (t *tokens) aggregate() (aggregate, error) {
	n := t.next()
	a := aggregate{function: strings.ToLower(n.text), as: n.text}
	if n.kind != word || !slices.Contains(aggregateFunctions, a.function) {
		return a, fmt.Errorf("%q is no function that is known here", n.text)
	}
	if t.accept("(") {
		if t.accept("eval") {
			var err error
			if a.when, err = t.insideEval(); err != nil {
				return a, err
			}
			a.as = a.function + "(eval)"
		} else if !t.accept(")") {
			var err error
			if a.of, err = t.name(); err != nil {
				return a, err
			}
			a.as = a.function + "(" + a.of + ")"
			if err := t.expect(")"); err != nil {
				return a, err
			}
		}
	}
	if a.of == "" && a.when == nil && a.function != "count" {
		return a, fmt.Errorf("%s of which field?", a.function)
	}
	var err error
	a.as, err = t.alias(a.as)
	return a, err
}

// insideEval parses the expression of count(eval(…)), whose tokens were split as for names.
func (t *tokens) insideEval() (expression, error) {
	var inner strings.Builder
	for depth := 0; ; {
		n := t.next()
		switch {
		case n.kind == end:
			return nil, fmt.Errorf("eval( is not closed")
		case n == (token{operand, "("}):
			depth++
		case n == (token{operand, ")"}):
			depth--
		}
		switch n.kind {
		case quoted:
			fmt.Fprintf(&inner, " %q", n.text)
		case field:
			fmt.Fprintf(&inner, " '%s'", n.text)
		default:
			inner.WriteString(" " + n.text)
		}
		if depth == 0 {
			break
		}
	}
	e, err := parseExpression(inner.String())
	if err != nil {
		return nil, err
	}
	return e, t.expect(")")
}

func (a *aggregate) read(f *flow) {
	if a.of != "" {
		f.read(a.of)
	}
	if a.when != nil {
		a.when.fields(f.readOne)
	}
}

// value computes it over rows.
func (a *aggregate) value(env *Environment, rows []Row) (Value, error) {
	if a.function == "count" && a.of == "" {
		return a.count(env, rows)
	}
	switch a.function {
	case "latest", "earliest":
		return a.byTime(rows), nil
	}
	var all []Value
	var texts []string
	for _, row := range rows {
		if v := row[a.of]; v != nil {
			all = append(all, v)
			texts = append(texts, Texts(v)...)
		}
	}
	switch a.function {
	case "count":
		return float64(len(texts)), nil
	case "dc":
		return float64(len(unique(texts))), nil
	case "values":
		return Multi(unique(texts)), nil
	case "list":
		return Multi(texts), nil
	}
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // null is a value
	}
	switch a.function {
	case "min", "max":
		return extreme(map[string]int{"min": -1, "max": 1}[a.function])(all)
	case "first":
		return all[0], nil
	case "last":
		return all[len(all)-1], nil
	case "sum":
		total := 0.0
		for _, v := range texts {
			n, _ := number(v)
			total += n
		}
		return total, nil
	default:
		return nil, errNotRun
	}
}

func (a *aggregate) count(env *Environment, rows []Row) (Value, error) {
	if a.when == nil {
		return float64(len(rows)), nil
	}
	kept, err := keep(rows, func(row Row) (bool, error) {
		v, err := a.when.eval(env, row)
		return v == true, err
	})
	return float64(len(kept)), err
}

// byTime is latest and earliest: the value of the row with the greatest or the least _time.
func (a *aggregate) byTime(rows []Row) Value {
	var best Row
	for _, row := range rows {
		if row[a.of] == nil {
			continue
		}
		if best == nil || (a.function == "latest" && order(row["_time"], best["_time"]) > 0) ||
			(a.function == "earliest" && order(row["_time"], best["_time"]) < 0) {
			best = row
		}
	}
	if best == nil {
		return nil
	}
	return best[a.of]
}

func unique(texts []string) []string {
	texts = slices.Clone(texts)
	slices.Sort(texts)
	return slices.Compact(texts)
}

type statsCommand struct {
	list []aggregate
	by   []string
}

func parseStats(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	list, by, err := t.stats()
	return &statsCommand{list, by}, err
}

func (t *tokens) stats() (list []aggregate, by []string, err error) {
	if list, err = t.aggregates(); err != nil {
		return nil, nil, err
	}
	if t.accept("BY") {
		by, err = t.names()
	}
	if err == nil {
		err = t.done()
	}
	return list, by, err
}

func (c *statsCommand) flow(f *flow) {
	var names []string
	for i := range c.list {
		c.list[i].read(f)
		names = append(names, c.list[i].as)
	}
	f.read(c.by...)
	f.replace(append(names, c.by...)...)
}

// group is the rows with the same values of the fields after BY.
type group struct {
	values Row
	rows   []Row
}

// grouped groups rows. One that lacks a field is in no group, and one with several values in as many.
func grouped(rows []Row, by []string) []*group {
	groups := map[string]*group{}
	var keys []string
	for _, row := range rows {
		for _, values := range combinations(row, by) {
			key, _ := rowKey(values, by)
			if groups[key] == nil {
				groups[key] = &group{values: values}
				keys = append(keys, key)
			}
			groups[key].rows = append(groups[key].rows, row)
		}
	}
	if len(by) == 0 && len(keys) == 0 { // without BY there is one group, even of no rows
		return []*group{{values: Row{}}}
	}
	slices.Sort(keys)
	list := make([]*group, len(keys))
	for i, key := range keys {
		list[i] = groups[key]
	}
	return list
}

func combinations(row Row, by []string) []Row {
	list := []Row{{}}
	for _, name := range by {
		var next []Row
		for _, each := range list {
			for _, v := range Texts(row[name]) {
				extended := each.Clone()
				extended[name] = v
				next = append(next, extended)
			}
		}
		list = next
	}
	return list
}

func (c *statsCommand) run(env *Environment, rows []Row) ([]Row, error) {
	var results []Row
	for _, g := range grouped(rows, c.by) {
		row := g.values.Clone()
		for i := range c.list {
			v, err := c.list[i].value(env, g.rows)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.list[i].as, err)
			}
			row.set(c.list[i].as, v)
		}
		results = append(results, row)
	}
	return results, nil
}

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

func pick(rows []Row, positions []int) []Row {
	picked := make([]Row, len(positions))
	for i, position := range positions {
		picked[i] = rows[position]
	}
	return picked
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

// eventStatsCommand adds what stats computes to each row.
type eventStatsCommand struct{ statsCommand }

func parseEventStats(rest string) (command, error) {
	c, err := parseStats(rest)
	if err != nil {
		return nil, err
	}
	return &eventStatsCommand{*c.(*statsCommand)}, nil
}

func (c *eventStatsCommand) flow(f *flow) {
	f.read(c.by...)
	for i := range c.list {
		c.list[i].read(f)
		f.write(c.list[i].as)
	}
}

func (*eventStatsCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }

// tstatsCommand reads indexed fields only.
type tstatsCommand struct {
	statsCommand
	filter filter
}

func parseTStats(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	c := &tstatsCommand{}
	if c.list, err = t.aggregates(); err != nil {
		return nil, err
	}
	c.filter = all{}
	if t.accept("WHERE") {
		if c.filter, err = t.filter(); err != nil {
			return nil, err
		}
	}
	for t.accept("BY") || t.peek().kind != end {
		if _, err := t.options("span"); err != nil {
			return nil, err
		}
		if t.accept(",") || t.peek().kind == end {
			continue
		}
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		c.by = append(c.by, name)
	}
	return c, t.done()
}

// metadata are the indexed fields that every event has.
var metadata = []string{"host", "source", "sourcetype", "index", "_time", "_indextime"}

// IndexedOnly is asked of a name that tstats reads, instead of the name alone.
const IndexedOnly = "indexed:"

func (c *tstatsCommand) flow(f *flow) {
	before := f.always
	f.always = func(name string) bool {
		return slices.Contains(metadata, name) || (before != nil && before(IndexedOnly+name))
	}
	c.filter.fields(f.readOne)
	c.statsCommand.flow(f)
}

func (c *tstatsCommand) run(env *Environment, rows []Row) ([]Row, error) {
	rows, err := change(rows, func(row Row) error {
		beside, _ := row[Indexed].([]string)
		for name := range row {
			if name != Indexed && !slices.Contains(metadata, name) && !slices.Contains(beside, name) {
				delete(row, name)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if rows, err = keep(rows, func(row Row) (bool, error) { return c.filter.matches(env, row) }); err != nil {
		return nil, err
	}
	return c.statsCommand.run(env, rows)
}

// timeChartCommand is timechart: it is read for its fields, and not run.
type timeChartCommand struct{ statsCommand }

func parseTimeChart(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	if _, err := t.options("span", "limit", "useother", "usenull", "cont", "partial", "bins"); err != nil {
		return nil, err
	}
	c := &timeChartCommand{}
	c.list, c.by, err = t.stats()
	return c, err
}

func (c *timeChartCommand) flow(f *flow) {
	f.read("_time")
	c.statsCommand.flow(f)
	f.write("_time")
	if len(c.by) > 0 { // a column for each value
		f.always = func(string) bool { return true }
	}
}

func (*timeChartCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }

// geoStatsCommand is geostats: it is read for its fields, and not run.
type geoStatsCommand struct{ statsCommand }

func parseGeoStats(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	options, err := t.options("latfield", "longfield", "globallimit", "maxzoomlevel")
	if err != nil {
		return nil, err
	}
	c := &geoStatsCommand{}
	if c.list, c.by, err = t.stats(); err != nil {
		return nil, err
	}
	for name, otherwise := range map[string]string{"latfield": "lat", "longfield": "lon"} {
		if options[name] != "" {
			otherwise = options[name]
		}
		c.list = append(c.list, aggregate{function: "first", of: otherwise, as: otherwise})
	}
	return c, nil
}

func (*geoStatsCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }
