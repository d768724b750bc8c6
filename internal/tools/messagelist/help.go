// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"
	"strings"
)

// command adds the help of a command.
func (x *extractor) command(literal *ast.CompositeLit) {
	if nameOf(x.in.info.TypeOf(literal)) != "github.com/spf13/cobra.Command" {
		return
	}
	texts := map[string]string{}
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			texts[pair.Key.(*ast.Ident).Name] = x.sources.texts(value{x.in, pair.Value, 0})[0]
		}
	}
	var all []string
	for _, field := range []string{"Use", "Short", "Long", "Example"} {
		if texts[field] != "" {
			all = append(all, strings.Trim(texts[field], "\n"))
		}
	}
	x.found = append(x.found, message{help, strings.Join(all, "\n\n")})
}

// flag adds the help of a flag of a command line.
func (x *extractor) flag(callee *types.Func, call *ast.CallExpr) {
	parameters := callee.Signature().Params()
	var name string
	for i := range min(parameters.Len(), len(call.Args)) {
		switch parameters.At(i).Name() {
		case "name":
			name = x.sources.texts(value{x.in, call.Args[i], 0})[0]
		case "usage":
			x.add(help, "--"+name+"  ", call.Args[i])
		}
	}
}
