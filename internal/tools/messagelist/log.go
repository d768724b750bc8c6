// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

var logLevels = []string{"Debug", "Info", "Warn", "Error", "DPanic", "Panic", "Fatal"}

// log adds a log message with its level and the keys of its fields.
func (x *extractor) log(method string, call *ast.CallExpr) {
	if !slices.Contains(logLevels, method) {
		return
	}
	var keys []string
	for _, argument := range call.Args[1:] {
		keys = append(keys, x.fieldKeys(argument, map[any]bool{})...)
	}
	suffix := ""
	if len(keys) > 0 {
		suffix = " {" + strings.Join(keys, ", ") + "}"
	}
	level := strings.ToUpper(method)
	x.addTexts(logMessage, level+strings.Repeat(" ", max(1, 6-len(level))), suffix, x.sources.texts(value{x.in, call.Args[0], 0}), call.Args[0])
}

// fieldKeys is the keys of a field of a log message, or of a slice of them.
func (x *extractor) fieldKeys(argument ast.Expr, visited map[any]bool) []string {
	switch argument := argument.(type) {
	case *ast.CompositeLit:
		return x.fieldKeysOf(argument.Elts, visited)
	case *ast.CallExpr:
		return x.fieldKeysOfCall(argument, visited)
	case *ast.Ident:
		key := x.sources.keyOf(x.in, argument)
		if key == nil || visited[key] {
			return nil
		}
		visited[key] = true
		var keys []string
		for _, v := range x.sources.values[key] {
			keys = append(keys, x.fieldKeys(v.expr, visited)...)
		}
		return keys
	}
	return []string{unknown}
}

func (x *extractor) fieldKeysOf(arguments []ast.Expr, visited map[any]bool) []string {
	var keys []string
	for _, argument := range arguments {
		keys = append(keys, x.fieldKeys(argument, visited)...)
	}
	return keys
}

func (x *extractor) fieldKeysOfCall(call *ast.CallExpr, visited map[any]bool) []string {
	switch callee := calleeOf(x.in, call).(type) {
	case *types.Builtin: // append
		return x.fieldKeysOf(call.Args, visited)
	case *types.Func:
		switch {
		case callee.Pkg() == nil || callee.Pkg().Path() != "go.uber.org/zap" || len(call.Args) == 0:
		case callee.Name() == "Error":
			return []string{"error"}
		default:
			return x.sources.texts(value{x.in, call.Args[0], 0})[:1]
		}
	}
	return []string{unknown}
}
