// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"os"
	"path/filepath"
	"strings"
)

// value is an expression, or one of the values of a call that returns several.
type value struct {
	in    *goPackage
	expr  ast.Expr
	index int
}

// sources holds the expressions that a variable, parameter, field or function may
// get its value from, anywhere in the program and whatever the order. That is
// more than it can have at one place, and all that is needed here. Calls through
// interfaces and variables are not followed.
type sources struct {
	// values has keys of two kinds. A local variable is its types.Object. What
	// other packages can name is a string, because packages that import it have
	// another object for it.
	values map[any][]value
	// parameters has the key of each parameter.
	parameters map[types.Object]string
	// embedded is the text of each variable that holds an embedded file.
	embedded map[any]string
}

func findSources(packages []*goPackage) *sources {
	s := &sources{values: map[any][]value{}, parameters: map[types.Object]string{}, embedded: map[any]string{}}
	s.walk(packages, s.addParameters)
	s.walk(packages, s.add)
	return s
}

func (s *sources) walk(packages []*goPackage, do func(*goPackage, ast.Node)) {
	for _, in := range packages {
		for _, file := range in.files {
			ast.Inspect(file, func(n ast.Node) bool {
				do(in, n)
				return true
			})
		}
	}
}

func (s *sources) addParameters(in *goPackage, n ast.Node) {
	declaration, ok := n.(*ast.FuncDecl)
	if !ok {
		return
	}
	f, ok := in.info.Defs[declaration.Name].(*types.Func)
	if !ok {
		return
	}
	i := 0
	for _, field := range declaration.Type.Params.List {
		for _, name := range field.Names {
			s.parameters[in.info.Defs[name]] = parameterKey(f, i)
			i++
		}
	}
}

func (s *sources) add(in *goPackage, n ast.Node) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		s.addAssignments(in, n.Lhs, n.Rhs)
	case *ast.GenDecl:
		s.addEmbedded(in, n)
	case *ast.ValueSpec:
		names := make([]ast.Expr, len(n.Names))
		for i, name := range n.Names {
			names[i] = name
		}
		s.addAssignments(in, names, n.Values)
	case *ast.CompositeLit:
		s.addFields(in, n)
	case *ast.CallExpr:
		s.addArguments(in, n)
	case *ast.FuncDecl:
		s.addResults(in, n)
	}
}

// addEmbedded adds the file that //go:embed names, for a variable of type string.
// A file that cannot be read leaves the text unknown: it does not compile either.
func (s *sources) addEmbedded(in *goPackage, declaration *ast.GenDecl) {
	for _, spec := range declaration.Specs {
		variable, ok := spec.(*ast.ValueSpec)
		if !ok || len(variable.Names) != 1 {
			continue
		}
		for _, doc := range []*ast.CommentGroup{declaration.Doc, variable.Doc} {
			name := embeddedFile(doc)
			if name == "" {
				continue
			}
			if text, err := os.ReadFile(filepath.Join(in.dir, name)); err == nil {
				s.embedded[in.info.Defs[variable.Names[0]]] = string(text)
			}
		}
	}
}

func embeddedFile(doc *ast.CommentGroup) string {
	if doc == nil {
		return ""
	}
	for _, comment := range doc.List {
		if name, ok := strings.CutPrefix(comment.Text, "//go:embed "); ok {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

func (s *sources) addAssignments(in *goPackage, left, right []ast.Expr) {
	for i, target := range left {
		key := s.keyOf(in, target)
		switch {
		case key == nil:
		case len(left) == len(right):
			s.values[key] = append(s.values[key], value{in, right[i], 0})
		case len(right) == 1:
			s.values[key] = append(s.values[key], value{in, right[0], i})
		}
	}
}

func (s *sources) addFields(in *goPackage, literal *ast.CompositeLit) {
	of := in.info.TypeOf(literal)
	if of == nil { // in a file for another system
		return
	}
	structure, ok := of.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, element := range literal.Elts {
		name, expr := "", element
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			name, expr = pair.Key.(*ast.Ident).Name, pair.Value
		} else if i < structure.NumFields() {
			name = structure.Field(i).Name()
		}
		key := fieldKey(of, name)
		s.values[key] = append(s.values[key], value{in, expr, 0})
	}
}

func (s *sources) addArguments(in *goPackage, call *ast.CallExpr) {
	callee, ok := calleeOf(in, call).(*types.Func)
	if !ok {
		return
	}
	for i, argument := range call.Args {
		key := parameterKey(callee, i)
		s.values[key] = append(s.values[key], value{in, argument, 0})
	}
}

// addResults adds what a function returns, but not what functions inside it do.
func (s *sources) addResults(in *goPackage, f *ast.FuncDecl) {
	declared, ok := in.info.Defs[f.Name].(*types.Func)
	if !ok || f.Body == nil {
		return
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for i, result := range n.Results {
				key := resultKey(declared, i)
				s.values[key] = append(s.values[key], value{in, result, 0})
			}
		}
		return true
	})
}

// keyOf is the key of a variable, parameter or field; nil for anything else.
func (s *sources) keyOf(in *goPackage, expr ast.Expr) any {
	if selector, ok := expr.(*ast.SelectorExpr); ok {
		if selection := in.info.Selections[selector]; selection != nil && selection.Kind() == types.FieldVal {
			return fieldKey(selection.Recv(), selection.Obj().Name())
		}
	}
	object, ok := objectOf(in, expr).(*types.Var)
	if !ok {
		return nil
	}
	if key, ok := s.parameters[object]; ok {
		return key
	}
	return types.Object(object)
}

func fieldKey(owner types.Type, name string) string {
	return nameOf(owner) + "." + name
}

// nameOf is a type's name with its package's path, without pointers.
func nameOf(t types.Type) string {
	if t == nil {
		return ""
	}
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok {
		t = pointer.Elem()
	}
	return types.TypeString(t, nil)
}

func parameterKey(f *types.Func, i int) string { return fmt.Sprintf("%s#%d", f.FullName(), i) }

func resultKey(f *types.Func, i int) string { return fmt.Sprintf("%s=%d", f.FullName(), i) }

// calleeOf is the function that is called, or the variable that holds it.
func calleeOf(in *goPackage, call *ast.CallExpr) types.Object {
	return objectOf(in, call.Fun)
}

func objectOf(in *goPackage, expr ast.Expr) types.Object {
	switch expr := ast.Unparen(expr).(type) {
	case *ast.Ident:
		if object := in.info.Defs[expr]; object != nil {
			return object
		}
		return in.info.Uses[expr]
	case *ast.SelectorExpr:
		return in.info.Uses[expr.Sel]
	}
	return nil
}
