// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"math"
)

func (e literal) eval(*Environment, Row) (Value, error) { return e.value, nil }
func (literal) fields(func(string))                     {}

func (e reference) eval(_ *Environment, row Row) (Value, error) { return row[e.field], nil }
func (e reference) fields(read func(string))                    { read(e.field) }

func (e negation) fields(read func(string)) { e.of.fields(read) }
func (e negation) eval(env *Environment, row Row) (Value, error) {
	v, err := e.of.eval(env, row)
	if b, ok := v.(bool); ok {
		return !b, err
	}
	return nil, err
}

func (e membership) fields(read func(string)) {
	e.of.fields(read)
	for _, each := range e.list {
		each.fields(read)
	}
}

func (e membership) eval(env *Environment, row Row) (Value, error) {
	var found Value = false
	for _, each := range e.list {
		v, err := (binary{"=", e.of, each}).eval(env, row)
		if err != nil || v == nil {
			return nil, err
		}
		if v == true {
			found = true
		}
	}
	return found, nil
}

func (e call) fields(read func(string)) {
	for _, each := range e.arguments {
		each.fields(read)
	}
}

func (e call) eval(env *Environment, row Row) (Value, error) {
	f := functions[e.name]
	if f.lazy != nil {
		return f.lazy(env, row, e.arguments)
	}
	if f.eval == nil {
		return nil, fmt.Errorf("%s() is not evaluated here", e.name)
	}
	values := make([]Value, len(e.arguments))
	for i, argument := range e.arguments {
		v, err := argument.eval(env, row)
		if err != nil {
			return nil, err
		}
		if v == nil && !f.takesNull {
			return nil, nil //nolint:nilnil // null is a value
		}
		values[i] = v
	}
	return f.eval(env, values)
}

func (e binary) fields(read func(string)) {
	e.left.fields(read)
	e.right.fields(read)
}

// eval is of three values: a comparison with null is null, which where takes for false.
func (e binary) eval(env *Environment, row Row) (Value, error) {
	left, err := e.left.eval(env, row)
	if err != nil {
		return nil, err
	}
	right, err := e.right.eval(env, row)
	if err != nil {
		return nil, err
	}
	if decides, isLogical := map[string]bool{"AND": false, "OR": true}[e.operator]; isLogical && (left == decides || right == decides) {
		return decides, nil
	}
	if left == nil || right == nil {
		return nil, nil //nolint:nilnil // null is a value
	}
	switch e.operator {
	case "AND", "OR": // neither side decided it
		return e.operator == "AND", nil
	case "XOR":
		return left != right, nil
	case ".":
		return text(left) + text(right), nil
	case "LIKE":
		return like(text(left), text(right)), nil
	case "+", "-", "*", "/", "%":
		return arithmetic(e.operator, left, right)
	}
	c, err := compare(left, right)
	if err != nil {
		return nil, err
	}
	return holds(e.operator, c), nil
}

func holds(operator string, c int) bool {
	switch operator {
	case "=", "==":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	default:
		return c >= 0
	}
}

func arithmetic(operator string, left, right Value) (Value, error) {
	x, isNumber := number(left)
	y, isNumberToo := number(right)
	if !isNumber || !isNumberToo {
		if operator == "+" {
			return text(left) + text(right), nil
		}
		return nil, fmt.Errorf("%v %s %v: no numbers", left, operator, right)
	}
	switch operator {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	case "/":
		return x / y, nil
	default:
		return math.Mod(x, y), nil
	}
}
