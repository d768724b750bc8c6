// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// messages is the sentences of every package that has any. directory is that of
// the module.
func (p *program) messages(directory string) []packageMessages {
	var all []packageMessages
	for _, in := range p.packages {
		x := &extractor{sources: p.sources, in: in}
		for _, file := range in.files {
			x.file(file)
		}
		if len(x.found) == 0 {
			continue
		}
		found := withoutRepeatedParts(x.found)
		slices.SortFunc(found, compareMessages)
		all = append(all, packageMessages{pathOf(in, directory), slices.Compact(found)})
	}
	return all
}

// pathOf is the directory of a package below the one that the program runs in.
func pathOf(in *goPackage, directory string) string {
	module, err := filepath.Abs(directory)
	if err != nil {
		return in.path
	}
	relative, err := filepath.Rel(module, in.dir)
	if err != nil {
		return in.path
	}
	return filepath.ToSlash(filepath.Join(directory, relative))
}

// extractor collects the sentences of one package.
type extractor struct {
	sources  *sources
	in       *goPackage
	function string // that it is in
	found    []message
}

func (x *extractor) file(file *ast.File) {
	if ast.IsGenerated(file) {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				x.metric(call)
			}
			return true
		})
		return
	}
	for _, declaration := range file.Decls {
		x.function = "a variable"
		if f, ok := declaration.(*ast.FuncDecl); ok {
			x.function = nameOfFunction(f)
			x.errorMethod(f)
		}
		ast.Inspect(declaration, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				x.call(n)
			case *ast.CompositeLit:
				x.command(n)
				x.findingLiteral(n)
			case *ast.AssignStmt:
				x.findingAssignment(n)
			}
			return true
		})
	}
}

// add adds the texts of an expression, each after prefix.
func (x *extractor) add(k kind, prefix string, expr ast.Expr) {
	x.addTexts(k, prefix, "", x.sources.texts(value{x.in, expr, 0}), expr)
}

func (x *extractor) addTexts(k kind, prefix, suffix string, texts []string, expr ast.Expr) {
	before := len(x.found)
	for _, text := range texts {
		if isSentence(text) {
			x.found = append(x.found, message{k, prefix + text + suffix})
		}
	}
	if len(x.found) == before && strings.Contains(strings.Join(texts, ""), unknown) {
		x.found = append(x.found, message{notConstant, x.function + ": " + types.ExprString(expr)})
	}
}

func nameOfFunction(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	return "(" + types.ExprString(f.Recv.List[0].Type) + ")." + f.Name.Name
}

func (x *extractor) call(call *ast.CallExpr) {
	switch callee := calleeOf(x.in, call).(type) {
	case *types.Builtin:
		if callee.Name() == "panic" && isString(x.in.info.TypeOf(call.Args[0])) {
			x.add(panicText, "", call.Args[0])
		}
	case *types.Func:
		x.callOf(callee, call)
	}
}

func (x *extractor) callOf(callee *types.Func, call *ast.CallExpr) {
	name := callee.FullName()
	switch {
	case name == "errors.New":
		x.add(errorText, "", call.Args[0])
	case name == "fmt.Errorf":
		x.addFormat(errorText, call.Args)
	case name == "fmt.Sprintf":
		x.format(call)
	case strings.HasPrefix(name, "(*go.uber.org/zap.Logger)."):
		x.log(callee.Name(), call)
	case strings.HasPrefix(name, "go.opentelemetry.io/collector/component/componentstatus.New"):
		x.status(callee.Name(), call)
	case strings.HasPrefix(name, "(*github.com/spf13/pflag.FlagSet)."):
		x.flag(callee, call)
	case strings.HasPrefix(name, "fmt.Fprint"):
		if x.isOutput(call.Args[0]) {
			x.print(name, call.Args[1:])
		}
	case strings.HasPrefix(name, "fmt.Print"):
		x.print(name, call.Args)
	}
}
