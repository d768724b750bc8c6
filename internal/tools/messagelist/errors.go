// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"
	"slices"
)

// errorMethod adds the texts of a type's method Error.
func (x *extractor) errorMethod(f *ast.FuncDecl) {
	method, ok := x.in.info.Defs[f.Name].(*types.Func)
	if !ok || f.Recv == nil || f.Name.Name != "Error" || f.Type.Params.NumFields() > 0 {
		return
	}
	texts := x.sources.textsAt(resultKey(method, 0), map[any]bool{})
	if !slices.Equal(texts, []string{unknown}) {
		x.addTexts(errorText, "", "", texts, f.Name)
		return
	}
	ast.Inspect(f.Body, func(n ast.Node) bool { // a text that is put together in a strings.Builder
		if call, ok := n.(*ast.CallExpr); ok {
			x.builtError(call)
		}
		return true
	})
}

func (x *extractor) builtError(call *ast.CallExpr) {
	callee, ok := calleeOf(x.in, call).(*types.Func)
	if !ok {
		return
	}
	switch callee.FullName() {
	case "fmt.Fprintf":
		x.add(errorText, "", call.Args[1])
	case "(*strings.Builder).WriteString":
		x.add(errorText, "", call.Args[0])
	}
}
