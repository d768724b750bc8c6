// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progressFrom is how many events are worth a progress bar: fewer are done with
// before anybody could read it.
const progressFrom = 10_000

// progress tells a person how far the work is.
type progress struct {
	out io.Writer
	bar *progressbar.ProgressBar // nil for none
}

// newProgress shows a bar if stderr is a terminal, and standard output is not.
func newProgress(what string, total int64, stdout, stderr io.Writer) *progress {
	p := &progress{out: stderr}
	if total < progressFrom || !isTerminal(stderr) || isTerminal(stdout) {
		return p
	}
	p.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("events"),
		progressbar.OptionClearOnFinish(),
	)
	return p
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p *progress) set(events int64) {
	if p.bar != nil {
		_ = p.bar.Set64(events) // an adornment: the work goes on without
	}
}

// notice prints a line, above the bar.
func (p *progress) notice(line string) {
	p.clear()
	fmt.Fprintln(p.out, "oversight-siem:", line)
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
