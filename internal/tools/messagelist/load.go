// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// goPackage is a package with the types of its expressions.
type goPackage struct {
	path  string
	dir   string // absolute
	files []*ast.File
	info  *types.Info
}

// program is all packages of a module that match a pattern.
type program struct {
	fset     *token.FileSet
	packages []*goPackage
	sources  *sources
}

// everything is the pattern of all packages of a module.
const everything = "./..."

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath, Dir, Export string
	DepOnly                 bool
	GoFiles, IgnoredGoFiles []string
	Error                   *struct{ Err string }
}

// load reads the packages that match pattern in directory. It needs the packages
// to compile, since it imports their dependencies as the compiler wrote them.
func load(ctx context.Context, directory, pattern string) (*program, error) {
	all, err := list(ctx, directory, pattern)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, l := range all {
		exports[l.ImportPath] = l.Export
	}
	p := &program{fset: token.NewFileSet()}
	imports := importer.ForCompiler(p.fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s: no export data", path)
		}
		return os.Open(exports[path])
	})
	for _, l := range all {
		if l.DepOnly || isTool(l.ImportPath) && pattern == everything {
			continue
		}
		checked, err := p.check(l, imports)
		if err != nil {
			return nil, err
		}
		p.packages = append(p.packages, checked)
	}
	p.sources = findSources(p.packages)
	return p, nil
}

// isTool reports whether a package is for those who change the project.
func isTool(path string) bool {
	return strings.Contains(path+"/", "/internal/tools/") || strings.Contains(path+"/", "/content/")
}

func list(ctx context.Context, directory, pattern string) ([]listed, error) {
	const fields = "-json=ImportPath,Dir,Export,DepOnly,GoFiles,IgnoredGoFiles,Error"
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", fields, pattern) //nolint:gosec // the pattern is a constant of this program
	cmd.Dir = directory
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w: %s", directory, err, bytes.TrimSpace(stderr.Bytes()))
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(stdout)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list in %s: %w", directory, err)
		}
		if l.Error != nil {
			return nil, fmt.Errorf("go list in %s: %s: %s", directory, l.ImportPath, l.Error.Err)
		}
		all = append(all, l)
	}
}

// check parses and types a package, with the files that are meant for other
// systems: the list is the same wherever it is made. What such a file declares
// again or imports without use causes type errors, which do not matter here.
func (p *program) check(l listed, imports types.Importer) (*goPackage, error) {
	checked := &goPackage{path: l.ImportPath, dir: l.Dir, info: &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	for _, name := range append(l.GoFiles, l.IgnoredGoFiles...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(p.fset, filepath.Join(l.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		checked.files = append(checked.files, file)
	}
	config := types.Config{Importer: imports, Error: func(error) {}}
	_, err := config.Check(l.ImportPath, p.fset, checked.files, checked.info)
	if err != nil && len(l.IgnoredGoFiles) == 0 {
		return nil, fmt.Errorf("%s: %w", l.ImportPath, err)
	}
	return checked, nil
}
