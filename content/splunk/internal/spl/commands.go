// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// commands are those that are known.
var commands map[string]func(rest string) (command, error)

func init() {
	commands = map[string]func(string) (command, error){
		"search": parseSearch, "where": parseWhere, "eval": parseEval, "stats": parseStats, "streamstats": parseStreamStats,
		"eventstats": parseEventStats, "tstats": parseTStats, "dedup": parseDedup, "sort": parseSort, "bin": parseBin,
		"lookup": parseLookup, "inputlookup": parseInputLookup, "iplocation": parseLocation, "rename": parseRename,
		"convert": parseConvert, "table": parseTable, "fields": parseFields, "head": parseHead, "fillnull": parseFillNull,
		"timechart": parseTimeChart, "geostats": parseGeoStats,
	}
}

type searchCommand struct{ filter filter }

func parseSearch(rest string) (command, error) {
	f, err := ParseFilter(rest)
	if err != nil {
		return nil, err
	}
	return &searchCommand{f.filter}, nil
}

func (c *searchCommand) flow(f *flow) { c.filter.fields(f.readOne) }
func (c *searchCommand) run(env *Environment, rows []Row) ([]Row, error) {
	return keep(rows, func(row Row) (bool, error) { return c.filter.matches(env, row) })
}

func keep(rows []Row, wanted func(Row) (bool, error)) ([]Row, error) {
	var kept []Row
	for _, row := range rows {
		ok, err := wanted(row)
		if err != nil {
			return nil, err
		}
		if ok {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

type whereCommand struct{ condition expression }

func parseWhere(rest string) (command, error) {
	e, err := parseExpression(rest)
	return &whereCommand{e}, err
}

func (c *whereCommand) flow(f *flow) { c.condition.fields(f.readOne) }
func (c *whereCommand) run(env *Environment, rows []Row) ([]Row, error) {
	return keep(rows, func(row Row) (bool, error) {
		v, err := c.condition.eval(env, row)
		return v == true, err
	})
}

type assignment struct {
	field string
	value expression
}

type evalCommand struct{ list []assignment }

func parseEval(rest string) (command, error) {
	t, err := lex(rest, true)
	if err != nil {
		return nil, err
	}
	c := &evalCommand{}
	for {
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		if err := t.expect("="); err != nil {
			return nil, err
		}
		value, err := t.expression(0)
		if err != nil {
			return nil, err
		}
		c.list = append(c.list, assignment{name, value})
		if !t.accept(",") {
			return c, t.done()
		}
	}
}

func (c *evalCommand) flow(f *flow) {
	for _, each := range c.list {
		each.value.fields(f.readOne)
		f.write(each.field)
	}
}

func (c *evalCommand) run(env *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for _, each := range c.list {
			v, err := each.value.eval(env, row)
			if err != nil {
				return fmt.Errorf("%s: %w", each.field, err)
			}
			row.set(each.field, v)
		}
		return nil
	})
}

// change changes copies of rows.
func change(rows []Row, f func(Row) error) ([]Row, error) {
	changed := make([]Row, len(rows))
	for i, row := range rows {
		changed[i] = row.Clone()
		if err := f(changed[i]); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

type dedupCommand struct {
	fields    []string
	keepEmpty bool
}

func parseDedup(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	c := &dedupCommand{}
	for t.peek().kind != end {
		options, err := t.options("keepempty")
		if err != nil {
			return nil, err
		}
		c.keepEmpty = c.keepEmpty || options["keepempty"] == "true"
		if t.accept(",") || t.peek().kind == end {
			continue
		}
		name, err := t.name()
		if err != nil {
			return nil, err
		}
		c.fields = append(c.fields, name)
	}
	return c, nil
}

func (c *dedupCommand) flow(f *flow) { f.read(c.fields...) }
func (c *dedupCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	seen := map[string]bool{}
	return keep(rows, func(row Row) (bool, error) {
		key, ok := rowKey(row, c.fields)
		if !ok {
			return c.keepEmpty, nil
		}
		first := !seen[key]
		seen[key] = true
		return first, nil
	})
}

// rowKey returns the values of fields as one text, and false if one is null.
func rowKey(row Row, fields []string) (string, bool) {
	var key strings.Builder
	for _, name := range fields {
		v := row[name]
		if v == nil {
			return "", false
		}
		key.WriteString(strconv.Quote(text(v)))
	}
	return key.String(), true
}

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

// first returns the first rows; 0 means all.
func first(rows []Row, limit int) []Row {
	if limit > 0 && len(rows) > limit {
		return rows[:limit]
	}
	return rows
}

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

type lookupCommand struct {
	name            string
	inputs, outputs []pair
	onlyNew         bool
}

func parseLookup(rest string) (command, error) {
	t, err := lex(rest, false)
	if err != nil {
		return nil, err
	}
	c := &lookupCommand{}
	if c.name, err = t.name(); err != nil {
		return nil, err
	}
	if c.inputs, err = t.pairs("OUTPUT", "OUTPUTNEW"); err != nil {
		return nil, err
	}
	c.onlyNew = strings.EqualFold(t.next().text, "OUTPUTNEW")
	if c.outputs, err = t.pairs(); err != nil {
		return nil, err
	}
	if len(c.inputs) != 1 || len(c.outputs) == 0 {
		return nil, errors.New("one field to match and an OUTPUT are known here")
	}
	return c, nil
}

func (c *lookupCommand) flow(f *flow) {
	f.lookups = append(f.lookups, c.name)
	for _, each := range c.inputs {
		f.lookups = append(f.lookups, c.name+" "+each.from)
		f.read(each.to)
	}
	for _, each := range c.outputs {
		f.lookups = append(f.lookups, c.name+" "+each.from)
		f.write(each.to)
	}
}

func (c *lookupCommand) run(env *Environment, rows []Row) ([]Row, error) {
	table := env.Lookup(c.name)
	if table == nil {
		return nil, fmt.Errorf("there is no lookup %s", c.name)
	}
	return change(rows, func(row Row) error {
		value := row[c.inputs[0].to]
		if _, multi := value.([]string); multi {
			return fmt.Errorf("looks the multivalue %q up", value)
		}
		var found map[string]string
		if value != nil {
			found = table.find(c.inputs[0].from, text(value))
		}
		for _, each := range c.outputs {
			if _, has := row[each.to]; c.onlyNew && has {
				continue
			}
			delete(row, each.to)
			if v := found[each.from]; v != "" {
				row[each.to] = v
			}
		}
		return nil
	})
}

func (l *Lookup) find(field, value string) map[string]string {
	for _, row := range l.Rows {
		pattern := row[field]
		switch {
		case slices.Contains(l.CIDR, field) && cidrMatch(pattern, value),
			slices.Contains(l.Wildcard, field) && l.IgnoreCase && wildcard(pattern, value),
			pattern == value:
			return row
		}
	}
	return nil
}

type inputLookupCommand struct{ name string }

func parseInputLookup(rest string) (command, error) {
	return &inputLookupCommand{strings.TrimSpace(rest)}, nil
}

func (c *inputLookupCommand) flow(f *flow) {
	f.lookups = append(f.lookups, c.name)
	f.replace()
	f.always = func(string) bool { return true }
}

func (c *inputLookupCommand) run(*Environment, []Row) ([]Row, error) { return nil, errNotRun }

var errNotRun = errors.New("is not run here")

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

type tableCommand struct {
	fields []string
	remove bool // fields - …
	hidden bool // fields: keeps _time and _raw
}

func parseTable(rest string) (command, error) {
	return &tableCommand{fields: strings.Fields(strings.ReplaceAll(rest, ",", " "))}, nil
}

func parseFields(rest string) (command, error) {
	c := &tableCommand{fields: strings.Fields(strings.ReplaceAll(rest, ",", " ")), hidden: true}
	if len(c.fields) > 0 && (c.fields[0] == "-" || c.fields[0] == "+") {
		c.remove, c.fields = c.fields[0] == "-", c.fields[1:]
	}
	return c, nil
}

func (c *tableCommand) flow(f *flow) {
	f.read(c.fields...)
	if c.remove {
		return
	}
	if slices.ContainsFunc(c.fields, func(name string) bool { return strings.Contains(name, "*") }) {
		return
	}
	f.replace(c.fields...)
	if c.hidden {
		f.write("_time", "_raw", "_indextime")
	}
}

func (c *tableCommand) run(_ *Environment, rows []Row) ([]Row, error) {
	return change(rows, func(row Row) error {
		for name := range row {
			listed := slices.ContainsFunc(c.fields, func(pattern string) bool { return wildcard(pattern, name) })
			stays := c.hidden && !c.remove && strings.HasPrefix(name, "_")
			if listed == c.remove && !stays {
				delete(row, name)
			}
		}
		return nil
	})
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
