// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"slices"
	"strings"
)

// filter is what stands in the search command, in an event type and after WHERE of tstats.
type filter interface {
	matches(env *Environment, row Row) (bool, error)
	comparisons(visit func(c comparison, negated bool))
}

type (
	allOf      []filter
	anyOf      []filter
	not        struct{ of filter }
	keyword    struct{ text string }
	comparison struct {
		field, operator string
		values          []string // one of them
	}
)

// Filter is a search without commands, such as that of an event type.
type Filter struct{ filter filter }

// ParseFilter parses it.
func ParseFilter(text string) (*Filter, error) {
	t, err := lex(text, false)
	if err != nil {
		return nil, err
	}
	f, err := t.filter()
	if err != nil {
		return nil, err
	}
	return &Filter{f}, t.done()
}

// Matches reports whether an event is one that it finds.
func (f *Filter) Matches(env *Environment, row Row) (bool, error) { return f.filter.matches(env, row) }

// filter parses terms until a closing bracket, BY, or the end.
func (t *tokens) filter() (filter, error) {
	var alternatives anyOf
	for {
		terms, err := t.conjunction()
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, terms)
		if !t.accept("OR") {
			break
		}
	}
	if len(alternatives) == 1 {
		return alternatives[0], nil
	}
	return alternatives, nil
}

func (t *tokens) conjunction() (filter, error) {
	var terms allOf
	for {
		n := t.peek()
		upper := strings.ToUpper(n.text)
		if n.kind == end || n == (token{operand, ")"}) || (n.kind == word && (upper == "BY" || n.text == "OR")) {
			return terms, nil
		}
		if n.kind == word && n.text == "AND" {
			t.at++
			continue
		}
		term, err := t.term()
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
	}
}

func (t *tokens) term() (filter, error) {
	if t.accept("(") {
		f, err := t.filter()
		if err != nil {
			return nil, err
		}
		return f, t.expect(")")
	}
	n := t.next()
	if n.kind == word && n.text == "NOT" {
		of, err := t.term()
		return not{of}, err
	}
	if n.kind != word && n.kind != quoted && n.kind != field {
		return nil, fmt.Errorf("does not expect %q", n.text)
	}
	operator := t.peek()
	switch {
	case operator.kind == word && strings.EqualFold(operator.text, "IN"):
		t.at++
		values, err := t.values()
		return comparison{n.text, "=", values}, err
	case operator.kind == operand && slices.Contains([]string{"=", "!=", "<", ">", "<=", ">="}, operator.text):
		t.at++
		v := t.next()
		if v.kind != word && v.kind != quoted {
			return nil, fmt.Errorf("%s%s needs a value", n.text, operator.text)
		}
		return comparison{n.text, operator.text, []string{v.text}}, nil
	case n.kind == field:
		return nil, fmt.Errorf("%q is no search term", n.text)
	default:
		return keyword{n.text}, nil
	}
}

// values parses the list after IN.
func (t *tokens) values() (values []string, err error) {
	if err := t.expect("("); err != nil {
		return nil, err
	}
	for !t.accept(")") {
		if v := t.next(); v.kind == word || v.kind == quoted {
			values = append(values, v.text)
		} else if v != (token{operand, ","}) {
			return nil, fmt.Errorf("does not expect %q", v.text)
		}
	}
	return values, nil
}

func (f allOf) comparisons(visit func(c comparison, negated bool)) {
	for _, each := range f {
		each.comparisons(visit)
	}
}

func (f anyOf) comparisons(visit func(c comparison, negated bool)) {
	for _, each := range f {
		each.comparisons(visit)
	}
}

func (f not) comparisons(visit func(c comparison, negated bool)) {
	f.of.comparisons(func(c comparison, negated bool) { visit(c, !negated) })
}

func (keyword) comparisons(func(c comparison, negated bool)) {}

func (f comparison) comparisons(visit func(c comparison, negated bool)) { visit(f, f.operator == "!=") }

// readFields calls a function for each field that a filter compares.
func readFields(f filter, read func(string)) {
	f.comparisons(func(c comparison, _ bool) {
		if !timeModifiers[c.field] {
			read(c.field)
		}
	})
}
