// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

const (
	// unknown stands for a part of a text that is known at run time only.
	unknown = "…"
	// maxTexts bounds how many texts one expression is written out as. Beyond it
	// the part with too many is left unknown; its own texts are listed as parts.
	maxTexts = 24
)

// texts is every text that an expression can be, as far as constants tell. A
// formatted text is its format.
func (s *sources) texts(v value) []string {
	return s.textsOf(v, map[any]bool{})
}

func (s *sources) textsOf(v value, visited map[any]bool) []string {
	if constantValue := v.in.info.Types[v.expr].Value; constantValue != nil && constantValue.Kind() == constant.String {
		return []string{constant.StringVal(constantValue)}
	}
	switch expr := ast.Unparen(v.expr).(type) {
	case *ast.BinaryExpr:
		if expr.Op == token.ADD {
			return joined(s.textsOf(value{v.in, expr.X, 0}, visited), s.textsOf(value{v.in, expr.Y, 0}, visited))
		}
	case *ast.CallExpr:
		return s.textsOfCall(v, expr, visited)
	case *ast.Ident, *ast.SelectorExpr:
		if isString(v.in.info.TypeOf(v.expr)) {
			return s.textsAt(s.keyOf(v.in, v.expr), visited)
		}
	}
	return []string{unknown}
}

func (s *sources) textsOfCall(v value, call *ast.CallExpr, visited map[any]bool) []string {
	callee, ok := calleeOf(v.in, call).(*types.Func)
	if !ok {
		if len(call.Args) == 1 && v.in.info.Types[call.Fun].IsType() { // a conversion
			return s.textsOf(value{v.in, call.Args[0], 0}, visited)
		}
		return []string{unknown}
	}
	if callee.FullName() == "fmt.Sprintf" {
		return s.textsOf(value{v.in, call.Args[0], 0}, visited)
	}
	results := callee.Signature().Results()
	if v.index >= results.Len() || !isString(results.At(v.index).Type()) {
		return []string{unknown}
	}
	return s.textsAt(resultKey(callee, v.index), visited)
}

// textsAt is the texts of all sources of a variable, parameter, field or result.
func (s *sources) textsAt(key any, visited map[any]bool) []string {
	if text, ok := s.embedded[key]; ok {
		return []string{text}
	}
	if key == nil || visited[key] || len(s.values[key]) == 0 {
		return []string{unknown}
	}
	visited[key] = true
	defer delete(visited, key)
	var all []string
	for _, v := range s.values[key] {
		all = append(all, s.textsOf(v, visited)...)
	}
	return distinct(all)
}

// distinct leaves out repetitions.
func distinct(all []string) []string {
	var some []string
	for _, text := range all {
		if !slices.Contains(some, text) {
			some = append(some, text)
		}
	}
	return some
}

// joined is every text of the first list followed by every one of the second.
func joined(first, second []string) []string {
	if len(first)*len(second) > maxTexts {
		if len(first) > len(second) {
			first = []string{unknown}
		} else {
			second = []string{unknown}
		}
	}
	var all []string
	for _, a := range first {
		for _, b := range second {
			all = append(all, a+b)
		}
	}
	return distinct(all)
}

func isString(t types.Type) bool {
	if t == nil {
		return false
	}
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}

// isSentence reports whether a text has words, and not only values and punctuation.
func isSentence(text string) bool {
	return !strings.HasPrefix(text, "SELECT ") && slices.ContainsFunc(strings.Fields(text), func(word string) bool {
		return !strings.HasPrefix(word, "%") && len(strings.TrimFunc(word, isNoLetter)) > 1
	})
}

// isPhrase reports whether a text has several words.
func isPhrase(text string) bool {
	return isSentence(text) && strings.Contains(strings.TrimSpace(text), " ")
}

func isNoLetter(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
