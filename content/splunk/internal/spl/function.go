// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package spl

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// function is one of eval's. Without eval and lazy it is known and not evaluated.
type function struct {
	least, most int // arguments; most is -1 for any number
	takesNull   bool
	eval        func(env *Environment, arguments []Value) (Value, error)
	lazy        func(env *Environment, row Row, arguments []expression) (Value, error)
}

// functions are those that the app uses, and some that dashboards use.
var functions map[string]function

func init() {
	one := func(f func(float64) float64) function {
		return function{least: 1, most: 1, eval: func(_ *Environment, a []Value) (Value, error) {
			n, ok := number(a[0])
			if !ok {
				return nil, nil //nolint:nilnil // null is a value
			}
			return f(n), nil
		}}
	}
	plain := func(least, most int, f func(a []Value) (Value, error)) function {
		return function{least: least, most: most, eval: func(_ *Environment, a []Value) (Value, error) { return f(a) }}
	}
	functions = map[string]function{
		"asin": one(math.Asin), "cos": one(math.Cos), "sin": one(math.Sin), "sqrt": one(math.Sqrt), "abs": one(math.Abs),
		"floor": one(math.Floor), "ceiling": one(math.Ceil), "ceil": one(math.Ceil),
		"pi":    plain(0, 0, func([]Value) (Value, error) { return math.Pi, nil }),
		"true":  plain(0, 0, func([]Value) (Value, error) { return true, nil }),
		"false": plain(0, 0, func([]Value) (Value, error) { return false, nil }),
		"null":  plain(0, 0, func([]Value) (Value, error) { return nil, nil }), //nolint:nilnil // null is a value
		"now":   {eval: func(env *Environment, _ []Value) (Value, error) { return float64(env.Now.Unix()), nil }},
		"pow":   plain(2, 2, power), "round": plain(1, 2, round), "min": plain(1, -1, extreme(-1)), "max": plain(1, -1, extreme(1)),
		"lower": plain(1, 1, func(a []Value) (Value, error) { return strings.ToLower(text(a[0])), nil }),
		"upper": plain(1, 1, func(a []Value) (Value, error) { return strings.ToUpper(text(a[0])), nil }),
		"len":   plain(1, 1, func(a []Value) (Value, error) { return float64(len([]rune(text(a[0])))), nil }),
		"tonumber": plain(1, 1, func(a []Value) (Value, error) {
			if n, ok := number(a[0]); ok {
				return n, nil
			}
			return nil, nil //nolint:nilnil // null is a value
		}),
		"tostring": plain(1, 2, func(a []Value) (Value, error) { return text(a[0]), nil }),
		"substr":   plain(2, 3, substring), "replace": plain(3, 3, replace), "match": plain(2, 2, match),
		"like":  plain(2, 2, func(a []Value) (Value, error) { return like(text(a[0]), text(a[1])), nil }),
		"split": plain(2, 2, func(a []Value) (Value, error) { return Multi(strings.Split(text(a[0]), text(a[1]))), nil }),
		"mvjoin": plain(2, 2, func(a []Value) (Value, error) {
			return strings.Join(Texts(a[0]), text(a[1])), nil
		}),
		"mvcount":   plain(1, 1, func(a []Value) (Value, error) { return float64(len(Texts(a[0]))), nil }),
		"mvindex":   plain(2, 3, multiIndex),
		"cidrmatch": plain(2, 2, func(a []Value) (Value, error) { return cidrMatch(text(a[0]), text(a[1])), nil }),
		"json_extract": plain(2, 2, func(a []Value) (Value, error) {
			return jsonExtract(text(a[0]), strings.Split(text(a[1]), "."))
		}),
		"json_extract_exact": plain(2, 2, func(a []Value) (Value, error) { return jsonExtract(text(a[0]), []string{text(a[1])}) }),
		"relative_time":      plain(2, 2, relative),
		"isnum": plain(1, 1, func(a []Value) (Value, error) {
			_, ok := number(a[0])
			return ok, nil
		}),
		"isnull":    {least: 1, most: 1, takesNull: true, eval: func(_ *Environment, a []Value) (Value, error) { return a[0] == nil, nil }},
		"isnotnull": {least: 1, most: 1, takesNull: true, eval: func(_ *Environment, a []Value) (Value, error) { return a[0] != nil, nil }},
		"coalesce":  {least: 1, most: -1, takesNull: true, eval: coalesce},
		"if":        {least: 3, most: 3, lazy: ifThen}, "case": {least: 2, most: -1, lazy: firstCase},
		// Known, and not evaluated.
		"strftime": {least: 2, most: 2}, "strptime": {least: 2, most: 2}, "mvappend": {least: 1, most: -1}, "mvdedup": {least: 1, most: 1},
		"mvsort": {least: 1, most: 1}, "mvfilter": {least: 1, most: 1}, "mvmap": {least: 2, most: 3}, "nullif": {least: 2, most: 2}, "time": {},
		"printf": {least: 1, most: -1}, "urldecode": {least: 1, most: 1}, "typeof": {least: 1, most: 1}, "json_array_to_mv": {least: 1, most: 2},
	}
}

func checkCall(name string, arguments int) error {
	f, known := functions[name]
	switch {
	case !known:
		return fmt.Errorf("%s() is no function that is known here", name)
	case arguments < f.least || (f.most >= 0 && arguments > f.most):
		return fmt.Errorf("%s() has %d arguments", name, arguments)
	default:
		return nil
	}
}

func coalesce(_ *Environment, values []Value) (Value, error) {
	for _, v := range values {
		if v != nil {
			return v, nil
		}
	}
	return nil, nil //nolint:nilnil // null is a value
}

func ifThen(env *Environment, row Row, a []expression) (Value, error) {
	v, err := a[0].eval(env, row)
	if err != nil {
		return nil, err
	}
	if v == true {
		return a[1].eval(env, row)
	}
	return a[2].eval(env, row)
}

func firstCase(env *Environment, row Row, a []expression) (Value, error) {
	for i := 0; i+1 < len(a); i += 2 {
		v, err := a[i].eval(env, row)
		if err != nil {
			return nil, err
		}
		if v == true {
			return a[i+1].eval(env, row)
		}
	}
	return nil, nil //nolint:nilnil // null is a value
}

func power(a []Value) (Value, error) {
	x, isNumber := number(a[0])
	y, isNumberToo := number(a[1])
	if !isNumber || !isNumberToo {
		return nil, errors.New("pow() of no number")
	}
	return math.Pow(x, y), nil
}

func round(a []Value) (Value, error) {
	x, ok := number(a[0])
	if !ok {
		return nil, errors.New("round() of no number")
	}
	digits := 0.0
	if len(a) > 1 {
		digits, _ = number(a[1])
	}
	scale := math.Pow(10, digits)
	return math.Round(x*scale) / scale, nil
}

func extreme(sign int) func([]Value) (Value, error) {
	return func(a []Value) (Value, error) {
		best := a[0]
		for _, v := range a[1:] {
			c, err := compare(v, best)
			if err != nil {
				return nil, err
			}
			if c*sign > 0 {
				best = v
			}
		}
		return best, nil
	}
}

func substring(a []Value) (Value, error) {
	runes := []rune(text(a[0]))
	start, _ := number(a[1])
	from := min(max(int(start)-1, 0), len(runes))
	to := len(runes)
	if len(a) > 2 {
		length, _ := number(a[2])
		to = min(from+int(length), len(runes))
	}
	return string(runes[from:to]), nil
}

func replace(a []Value) (Value, error) {
	pattern, err := compile(text(a[1]))
	if err != nil {
		return nil, err
	}
	return pattern.ReplaceAllString(text(a[0]), text(a[2])), nil
}

func match(a []Value) (Value, error) {
	pattern, err := compile(text(a[1]))
	if err != nil {
		return nil, err
	}
	return pattern.MatchString(text(a[0])), nil
}

func multiIndex(a []Value) (Value, error) {
	values := Texts(a[0])
	position := func(v Value) int {
		n, _ := number(v)
		if n < 0 {
			n += float64(len(values))
		}
		return int(n)
	}
	from := position(a[1])
	to := from
	if len(a) > 2 {
		to = position(a[2])
	}
	if from < 0 || from >= len(values) || to < from {
		return nil, nil //nolint:nilnil // null is a value
	}
	return Multi(values[from:min(to+1, len(values))]), nil
}
