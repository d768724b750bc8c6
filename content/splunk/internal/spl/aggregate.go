// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"slices"
	"strings"
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
	for _, row := range rows {
		if v := row[a.of]; v != nil {
			all = append(all, v)
		}
	}
	return a.overValues(all)
}

// overValues computes it over the values of its field that are not null.
func (a *aggregate) overValues(all []Value) (Value, error) {
	var texts []string
	for _, v := range all {
		texts = append(texts, Texts(v)...)
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
	case "min":
		return extreme(-1)(all)
	case "max":
		return extreme(1)(all)
	case "first":
		return all[0], nil
	case "last":
		return all[len(all)-1], nil
	case "sum":
		return sum(texts), nil
	default:
		return nil, errNotRun
	}
}

// sum adds numbers up, and leaves out what is none.
func sum(texts []string) (total float64) {
	for _, v := range texts {
		n, _ := number(v)
		total += n
	}
	return total
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
