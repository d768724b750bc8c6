// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"
	"strings"
)

// isFinding reports whether a type's field Message is a sentence for a person.
func isFinding(t types.Type) bool {
	name := nameOf(t)
	return strings.HasSuffix(name, "/translator.Integrity") || strings.HasSuffix(name, "/registrygen.Damage")
}

func (x *extractor) findingLiteral(literal *ast.CompositeLit) {
	if !isFinding(x.in.info.TypeOf(literal)) {
		return
	}
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Message" {
			x.add(finding, "", pair.Value)
		}
	}
}

func (x *extractor) findingAssignment(assignment *ast.AssignStmt) {
	for i, left := range assignment.Lhs {
		selector, ok := left.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "Message" || len(assignment.Lhs) != len(assignment.Rhs) {
			continue
		}
		if selection := x.in.info.Selections[selector]; selection != nil && isFinding(selection.Recv()) {
			x.add(finding, "", assignment.Rhs[i])
		}
	}
}
