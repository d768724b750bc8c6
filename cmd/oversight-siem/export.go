// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// errInterrupted says that a signal ended the export.
var errInterrupted = errors.New("interrupted")

// outputs is where an export can write to.
type outputs struct {
	stdout io.Writer
	notice func(string)
}

// run exports until there is no more, or ctx is done.
func (e *export) run(ctx context.Context, stdout, stderr io.Writer) error {
	reader := e.selection.open()
	defer reader.Close()
	ordered, err := reader.Ordered(ctx, e.limits)
	if err != nil {
		return e.stopped(ctx, ordered, tally{}, e.explain(err))
	}
	defer ordered.Close()
	bar := newProgress("exporting", ordered.Left(), stdout, stderr)
	out, err := e.open(outputs{stdout, bar.notice})
	if err != nil {
		return err
	}
	err = errors.Join(e.pump(ctx, ordered, out, bar), out.Close())
	bar.clear()
	done := out.accepted()
	if err != nil {
		return e.stopped(ctx, ordered, done, err)
	}
	fmt.Fprintf(stderr, "[ok] exported %d event(s) as %s\n", done.events, e.format)
	return nil
}

// pump reads and writes at the same time, and returns once it does neither.
func (e *export) pump(ctx context.Context, ordered *registry.Ordered, out sink, bar *progress) error {
	ahead := readAhead(ctx, func(ctx context.Context, into []translator.Event) ([]translator.Event, error) {
		return ordered.Next(ctx, readBatch, into)
	})
	defer ahead.stop()
	for {
		events, err := ahead.next()
		if err != nil {
			return e.explain(err)
		}
		if len(events) == 0 {
			return out.flush(ctx)
		}
		for i := range events {
			if err := out.add(ctx, &events[i]); err != nil {
				return err
			}
		}
		ahead.release(events)
		bar.set(out.accepted().events)
	}
}

// resumeTimeout bounds the search for where to go on.
const resumeTimeout = time.Minute

// stopped adds to an error how far the export got, and where to go on.
func (e *export) stopped(ctx context.Context, ordered *registry.Ordered, done tally, err error) error {
	if errors.Is(err, errClosedPipe) {
		return errClosedPipe
	}
	if ctx.Err() != nil {
		err = errInterrupted
	}
	if ordered == nil {
		return err
	}
	// The search has its own time: what ended the export must not end it too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resumeTimeout)
	defer cancel()
	return fmt.Errorf("%w\n%d event(s) were exported; %s", err, done.events, e.advice(ctx, ordered, done))
}

// advice says with which flags to go on.
func (e *export) advice(ctx context.Context, ordered *registry.Ordered, done tally) string {
	after, exact, err := ordered.Resume(ctx, done.last)
	switch {
	case err != nil:
		return fmt.Sprintf("begin again (where to go on could not be found out: %v)", err)
	case !exact:
		return fmt.Sprintf("go on with --after-id %d, which repeats some of them and leaves none out, since the timestamps are not in the order of ids", after)
	case e.limits.Limit > 0:
		return fmt.Sprintf("go on with --after-id %d --limit %d", after, max(1, e.limits.Limit-done.events))
	default:
		return fmt.Sprintf("go on with --after-id %d", after)
	}
}
