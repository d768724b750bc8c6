// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"strings"
)

// addFormat adds a format, and the sentences among its arguments, which stand
// where it has its verbs %s and %v. What it quotes is a value.
func (x *extractor) addFormat(k kind, arguments []ast.Expr) {
	x.add(k, "", arguments[0])
	formats := x.sources.texts(value{x.in, arguments[0], 0})
	verbs := verbsOf(formats[0])
	for i, argument := range arguments[1:] {
		if i >= len(verbs) || verbs[i] != 's' && verbs[i] != 'v' || !isString(x.in.info.TypeOf(argument)) {
			continue
		}
		for _, text := range x.sources.texts(value{x.in, argument, 0}) {
			if isPhrase(text) {
				x.found = append(x.found, message{k, text})
			}
		}
	}
}

// verbsOf is the verbs of a format in the order of their arguments. An argument
// that is named by its index counts as the next one: only its kind matters. Widths
// that are arguments are not supported.
func verbsOf(format string) []byte {
	var verbs []byte
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		for i++; i < len(format) && strings.IndexByte("+-# 0123456789.[]", format[i]) >= 0; i++ {
		}
		if i < len(format) && format[i] != '%' {
			verbs = append(verbs, format[i])
		}
	}
	return verbs
}

// isOutput reports whether a person reads what is written to writer. Of what is
// put together in memory, only that of commands is for a person.
func (x *extractor) isOutput(writer ast.Expr) bool {
	switch nameOf(x.in.info.TypeOf(writer)) {
	case "io.Writer", "os.File":
		return true
	case "bytes.Buffer", "strings.Builder", "bufio.Writer":
		return strings.Contains(x.in.path, "/cmd/")
	}
	return false
}

// print adds what a function of fmt writes.
func (x *extractor) print(name string, arguments []ast.Expr) {
	if len(arguments) == 0 {
		return
	}
	if strings.HasSuffix(name, "f") {
		x.addFormat(output, arguments)
		return
	}
	texts := []string{""}
	for i, argument := range arguments {
		if i > 0 && strings.HasSuffix(name, "ln") {
			texts = joined(texts, []string{" "})
		}
		texts = joined(texts, x.sources.texts(value{x.in, argument, 0}))
	}
	x.addTexts(output, "", "", texts, arguments[len(arguments)-1])
}

// format adds a format. If it turns out to be in a sentence that is listed
// otherwise, it is not listed as a part.
func (x *extractor) format(call *ast.CallExpr) {
	if isPhrase(x.sources.texts(value{x.in, call.Args[0], 0})[0]) {
		x.addFormat(part, call.Args)
	}
}
