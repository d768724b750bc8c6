// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package progress shows how much of the work is done.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// minEvents is the least number of events that get a progress bar: fewer are
// done before anybody could read it.
const minEvents = 10_000

// refreshInterval is the least time between two updates of the bar.
const refreshInterval = 100 * time.Millisecond

// Bar is a progress bar on standard error. It is shown from Start to Clear, and
// only to a person at a terminal. It is for one goroutine.
type Bar struct {
	label   string
	stderr  io.Writer
	visible bool
	bar     *progressbar.ProgressBar // nil before Start, and if it is not visible
}

// New returns a bar with the label. It is visible if stderr is a terminal and
// stdout is not: what is written there would mix with the bar. Pass nil for
// stdout if nothing is written there before Clear.
func New(label string, stdout, stderr io.Writer) *Bar {
	return &Bar{label: label, stderr: stderr, visible: isTerminal(stderr) && !isTerminal(stdout)}
}

// Start shows the bar, for that many events in total.
func (b *Bar) Start(total int64) {
	if !b.visible || total < minEvents {
		return
	}
	b.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(b.stderr),
		progressbar.OptionSetDescription(b.label),
		progressbar.OptionThrottle(refreshInterval),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("events"),
		progressbar.OptionClearOnFinish(),
	)
}

// Set shows how many events are done.
func (b *Bar) Set(events int64) {
	if b.bar != nil {
		_ = b.bar.Set64(events) // the work continues without the bar
	}
}

// Notice prints a line on standard error, above the bar.
func (b *Bar) Notice(line string) {
	b.Clear()
	fmt.Fprintln(b.stderr, "oversight-siem:", line)
}

// Clear removes the bar. The next Set shows it again.
func (b *Bar) Clear() {
	if b.bar != nil {
		_ = b.bar.Clear() // the work continues without the bar
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
