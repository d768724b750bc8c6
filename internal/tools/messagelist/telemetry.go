// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/types"
)

// status adds that a component status is reported. The texts are those of errors,
// which are listed as such.
func (x *extractor) status(function string, call *ast.CallExpr) {
	switch function {
	case "NewRecoverableErrorEvent":
		x.found = append(x.found, message{status, "StatusRecoverableError, with an error"})
	case "NewPermanentErrorEvent":
		x.found = append(x.found, message{status, "StatusPermanentError, with an error"})
	case "NewFatalErrorEvent":
		x.found = append(x.found, message{status, "StatusFatalError, with an error"})
	case "NewEvent":
		if object := objectOf(x.in, call.Args[0]); object != nil {
			x.found = append(x.found, message{status, object.Name()})
		}
	}
}

// metric adds the description of an instrument of OpenTelemetry, with its name.
func (x *extractor) metric(call *ast.CallExpr) {
	if len(call.Args) == 0 {
		return
	}
	for _, option := range call.Args[1:] {
		described, ok := option.(*ast.CallExpr)
		if !ok {
			continue
		}
		callee, ok := calleeOf(x.in, described).(*types.Func)
		if ok && callee.FullName() == "go.opentelemetry.io/otel/metric.WithDescription" {
			name := x.sources.texts(value{x.in, call.Args[0], 0})[0]
			x.add(metricDescription, name+"  ", described.Args[0])
		}
	}
}
