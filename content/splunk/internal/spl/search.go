// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Indexed is the key of a row's list of indexed fields that are not a part of the event, or are
// beside it.
const Indexed = " indexed"

// filter is what stands in the search command, in an event type and after WHERE of tstats.
type filter interface {
	matches(env *Environment, row Row) (bool, error)
	fields(read func(string))
}

type (
	all        []filter
	any1       []filter
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

// Fields returns the fields that it names.
func (f *Filter) Fields() []string {
	var names []string
	f.filter.fields(func(name string) { names = append(names, name) })
	return names
}

// filter parses terms until a closing bracket, BY, or the end.
func (t *tokens) filter() (filter, error) {
	var alternatives any1
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
	var terms all
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
		if err := t.expect("("); err != nil {
			return nil, err
		}
		var values []string
		for !t.accept(")") {
			if v := t.next(); v.kind == word || v.kind == quoted {
				values = append(values, v.text)
			} else if v != (token{operand, ","}) {
				return nil, fmt.Errorf("does not expect %q", v.text)
			}
		}
		return comparison{n.text, "=", values}, nil
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

func (f all) fields(read func(string)) {
	for _, each := range f {
		each.fields(read)
	}
}

func (f any1) fields(read func(string)) {
	for _, each := range f {
		each.fields(read)
	}
}
func (f not) fields(read func(string)) { f.of.fields(read) }
func (keyword) fields(func(string))    {}
func (f comparison) fields(read func(string)) {
	if !timeModifiers[f.field] {
		read(f.field)
	}
}

func (f all) matches(env *Environment, row Row) (bool, error) {
	for _, each := range f {
		if ok, err := each.matches(env, row); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (f any1) matches(env *Environment, row Row) (bool, error) {
	for _, each := range f {
		if ok, err := each.matches(env, row); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (f not) matches(env *Environment, row Row) (bool, error) {
	ok, err := f.of.matches(env, row)
	return !ok, err
}

// matches finds a word of the event, in upper or lower case.
func (f keyword) matches(_ *Environment, row Row) (bool, error) {
	raw, isText := row["_raw"].(string)
	if !isText {
		return false, nil
	}
	pattern := `(?i)(?:^|[^a-z0-9_])` + strings.ReplaceAll(regexp.QuoteMeta(f.text), `\*`, `[^\s"]*`) + `(?:$|[^a-z0-9_])`
	p, err := compile(pattern)
	return err == nil && p.MatchString(raw), err
}

var timeModifiers = map[string]bool{"earliest": true, "latest": true, "_index_earliest": true, "_index_latest": true}

func (f comparison) matches(env *Environment, row Row) (bool, error) {
	if timeModifiers[f.field] {
		return f.inTime(env, row)
	}
	values := Texts(row[f.field])
	if env.FindsIndexed != nil && !findable(env, row, f.field) {
		values = nil
	}
	if len(values) == 0 {
		return false, nil // also for !=
	}
	if f.operator == "!=" {
		return !slices.ContainsFunc(values, func(v string) bool { return wildcard(f.values[0], v) }), nil
	}
	for _, v := range values {
		for _, wanted := range f.values {
			if f.operator == "=" && wildcard(wanted, v) {
				return true, nil
			}
			if c, err := compare(v, wanted); f.operator != "=" && err == nil && holds(f.operator, c) {
				return true, nil
			}
		}
	}
	return false, nil
}

// findable reports whether Splunk finds field=value: for a field that fields.conf calls indexed, if
// it is; for others, if it is a part of the event.
func findable(env *Environment, row Row, name string) bool {
	beside, _ := row[Indexed].([]string)
	sourcetype := text(row["sourcetype"])
	isBeside := slices.Contains(beside, name)
	if env.FindsIndexed(sourcetype, name) {
		return isBeside
	}
	if !isBeside || strings.HasPrefix(name, "_") {
		return true
	}
	raw, _ := row["_raw"].(string)
	return strings.Contains(raw, `"`+name+`":`)
}

func (f comparison) inTime(env *Environment, row Row) (bool, error) {
	limit, err := RelativeTime(env.Now, f.values[0])
	if err != nil || f.operator != "=" {
		return false, fmt.Errorf("%s%s%s: %w", f.field, f.operator, f.values[0], err)
	}
	of := "_time"
	if strings.HasPrefix(f.field, "_index") {
		of = "_indextime"
	}
	at, _ := number(row[of])
	if strings.HasSuffix(f.field, "earliest") {
		return at >= seconds(limit), nil
	}
	return at < seconds(limit), nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// wildcard matches in upper or lower case, * for any text.
func wildcard(pattern, value string) bool {
	if !strings.Contains(pattern, "*") {
		return strings.EqualFold(pattern, value)
	}
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `(?s:.*)`)
	compiled, err := compile("(?i)^" + quoted + "$")
	return err == nil && compiled.MatchString(value)
}

// compiled are the patterns that were compiled before.
var compiled sync.Map

func compile(pattern string) (*regexp.Regexp, error) {
	if known, ok := compiled.Load(pattern); ok {
		return known.(*regexp.Regexp), nil
	}
	p, err := regexp.Compile(pattern)
	if err == nil {
		compiled.Store(pattern, p)
	}
	return p, err
}
