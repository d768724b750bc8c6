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

// Assign evaluates the assignments of INGEST_EVAL, one after the other.
func Assign(text string, row Row) (Row, error) {
	c, err := parseEval(text)
	if err != nil {
		return nil, err
	}
	rows, err := c.run(&Environment{}, []Row{row})
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}
