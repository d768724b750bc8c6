// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

// Expression is that of a calculated field.
type Expression struct{ of expression }

// ParseExpression parses the value of a setting EVAL- of props.conf.
func ParseExpression(text string) (*Expression, error) {
	e, err := parseExpression(text)
	return &Expression{e}, err
}

// Value returns its value for an event.
func (e *Expression) Value(row Row) (Value, error) { return e.of.eval(&Environment{}, row) }

// Fields returns the fields that it reads.
func (e *Expression) Fields() []string {
	var names []string
	e.of.fields(func(name string) { names = append(names, name) })
	return names
}
