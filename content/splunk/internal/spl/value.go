// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Value is that of a field: nil for null, a string, a float64, a bool, or a []string of two or
// more for a multivalue.
type Value any

// Row is an event or a result. A field that is null is not there.
type Row map[string]Value

func (r Row) set(field string, v Value) {
	if v == nil {
		delete(r, field)
		return
	}
	r[field] = v
}

// Clone returns a copy.
func (r Row) Clone() Row {
	c := make(Row, len(r))
	for field, v := range r {
		c[field] = v
	}
	return c
}

// Texts returns the values of a field as text: none for null.
func Texts(v Value) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []string:
		return v
	default:
		return []string{text(v)}
	}
}

// text returns a single value as text.
func text(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatInt(int64(v), 10)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	default:
		return strings.Join(Texts(v), "\n")
	}
}

// Multi makes a value of texts.
func Multi(texts []string) Value {
	switch len(texts) {
	case 0:
		return nil
	case 1:
		return texts[0]
	default:
		return texts
	}
}

// number returns a value as a number, if it is one.
func number(v Value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(v, 64)
		return n, err == nil
	default:
		return 0, false
	}
}

// compare compares two single values: as numbers if both are, as text otherwise. What Splunk makes
// of a multivalue here is not documented, so it is an error.
func compare(a, b Value) (int, error) {
	for _, v := range []Value{a, b} {
		if list, ok := v.([]string); ok {
			return 0, fmt.Errorf("compares the multivalue %q", list)
		}
	}
	if x, ok := number(a); ok {
		if y, ok := number(b); ok {
			return cmpFloat(x, y), nil
		}
	}
	return strings.Compare(text(a), text(b)), nil
}

func cmpFloat(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return 0
	}
}

// order compares values for sorting: numbers before text, null last.
func order(a, b Value) int {
	if a == nil || b == nil {
		return boolInt(a == nil) - boolInt(b == nil)
	}
	c, err := compare(a, b)
	if err != nil {
		return slices.Compare(Texts(a), Texts(b))
	}
	return c
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
