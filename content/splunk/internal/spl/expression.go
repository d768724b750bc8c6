// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// expression is that of eval and where.
type expression interface {
	// eval returns the value for a row.
	eval(env *Environment, row Row) (Value, error)
	// fields calls a function with each field that it reads.
	fields(read func(string))
}

type (
	literal   struct{ value Value }
	reference struct{ field string }
	call      struct {
		name      string
		arguments []expression
	}
	binary struct {
		operator    string
		left, right expression
	}
	negation   struct{ of expression }
	membership struct {
		of   expression
		list []expression
	}
)

// comparing is the level of precedence of comparisons, before which NOT stands and behind which IN.
const comparing = 3

// precedence of the operators that stand between two operands.
var precedence = []map[string]bool{
	{"OR": true},
	{"XOR": true},
	{"AND": true},
	{"=": true, "==": true, "!=": true, "<": true, ">": true, "<=": true, ">=": true, "LIKE": true},
	{".": true},
	{"+": true, "-": true},
	{"*": true, "/": true, "%": true},
}

// parseExpression parses the text of an expression.
func parseExpression(text string) (expression, error) {
	t, err := lex(text, true)
	if err != nil {
		return nil, err
	}
	e, err := t.expression(0)
	if err != nil {
		return nil, err
	}
	return e, t.done()
}

func (t *tokens) expression(level int) (expression, error) {
	if level == comparing && t.accept("NOT") {
		of, err := t.expression(level)
		return negation{of}, err
	}
	if level == len(precedence) {
		return t.operand()
	}
	left, err := t.expression(level + 1)
	for err == nil {
		operator := strings.ToUpper(t.peek().text)
		if k := t.peek().kind; (k != operand && k != word) || !precedence[level][operator] {
			break
		}
		t.at++
		var right expression
		right, err = t.expression(level + 1)
		left = binary{operator, left, right}
	}
	if level == comparing && err == nil && t.accept("IN") {
		var list []expression
		list, err = t.arguments()
		return membership{left, list}, err
	}
	return left, err
}

func (t *tokens) operand() (expression, error) {
	n := t.next()
	switch {
	case n.kind == quoted:
		return literal{n.text}, nil
	case n.kind == field:
		return reference{n.text}, nil
	case n.kind == operand && n.text == "(":
		e, err := t.expression(0)
		if err != nil {
			return nil, err
		}
		return e, t.expect(")")
	case n.kind == operand && n.text == "-":
		e, err := t.operand()
		return binary{"-", literal{0.0}, e}, err
	case n.kind != word:
		return nil, fmt.Errorf("expects a value, not %q", n.text)
	}
	if number, err := strconv.ParseFloat(n.text, 64); err == nil && n.text[0] >= '0' && n.text[0] <= '9' {
		return literal{number}, nil
	}
	if t.peek() != (token{operand, "("}) {
		if !identifier.MatchString(n.text) {
			return nil, fmt.Errorf("%q is no field: quote it", n.text)
		}
		return reference{n.text}, nil
	}
	arguments, err := t.arguments()
	if err != nil {
		return nil, err
	}
	return call{n.text, arguments}, checkCall(n.text, len(arguments))
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (t *tokens) arguments() ([]expression, error) {
	if err := t.expect("("); err != nil {
		return nil, err
	}
	var list []expression
	for !t.accept(")") {
		if len(list) > 0 {
			if err := t.expect(","); err != nil {
				return nil, err
			}
		}
		e, err := t.expression(0)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}
