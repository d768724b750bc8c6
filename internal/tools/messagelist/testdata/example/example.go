// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package example has a sentence of each kind, written in each of the ways that
// messagelist reads.
package example

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const (
	first  = "Joined from constants"
	second = " on several " +
		"lines"
)

var errPlain = errors.New("a plain error")

type reasonError struct {
	reason string
	line   int
}

func (e *reasonError) Error() string { return "not readable: " + e.reason }

type builtError struct{ status int }

func (e *builtError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the answer was %d", e.status)
	b.WriteString(", and it said why")
	return b.String()
}

func notify(out io.Writer, line string) { fmt.Fprintln(out, "example:", line) }

type worker struct {
	logger *zap.Logger
	text   string
}

func newWorker(out io.Writer) *worker {
	notify(out, "from a caller")
	return &worker{text: "from a field"}
}

func (w *worker) work() error {
	w.logger.Info(first + second)
	w.logger.Warn("With fields", zap.String("url", w.text), zap.Error(errPlain))
	fields := []zap.Field{zap.Int("rows", 1)}
	fields = append(fields, zap.Bool("full", true))
	w.logger.Error("With a slice of fields", fields...)
	w.log("From a caller")
	w.log(fmt.Sprintf("From a caller with %d rows", 1))
	w.logger.Debug(w.text)
	why := "From a variable"
	if w.text == "" {
		why = "From the other branch"
	}
	w.logger.Info(why)
	w.logger.Info(described(w.text == ""))
	w.logger.Info(w.fromElsewhere())
	componentstatus.ReportStatus(nil, componentstatus.NewRecoverableErrorEvent(errPlain))
	componentstatus.ReportStatus(nil, componentstatus.NewEvent(componentstatus.StatusOK))
	if w.text == "panic" {
		panic("this cannot be")
	}
	return errors.Join(
		fmt.Errorf("wrapped: %w", errPlain),
		&reasonError{reason: "it is empty"},
		&reasonError{fmt.Sprintf("line %d is too long", 1), 1},
		fmt.Errorf("%q: %s", "a quoted value is no part", w.text),
		&builtError{1},
	)
}

func (w *worker) log(message string) { w.logger.Info(message) }

func described(empty bool) string {
	if empty {
		return "From a function"
	}
	return "From the end of a function"
}

func (w *worker) fromElsewhere() string {
	return strings.ToUpper(w.text)
}

func findings() []translator.Integrity {
	literal := translator.Integrity{Message: "A finding of a literal."}
	var assigned translator.Integrity
	assigned.Message = fmt.Sprintf("Row %d of an assignment.", 1)
	return []translator.Integrity{literal, assigned}
}

func put(together int) string { return fmt.Sprintf("put together for %d others", together) }
