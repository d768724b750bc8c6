// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// finding is what a check found; the frame adds the ids.
type finding struct {
	status       Status
	seen, remedy string
}

func passed(format string, args ...any) []finding {
	return []finding{{status: StatusOK, seen: fmt.Sprintf(format, args...)}}
}

func failed(remedy, format string, args ...any) []finding {
	return []finding{{StatusFailed, fmt.Sprintf(format, args...), remedy}}
}

func warning(remedy, format string, args ...any) []finding {
	return []finding{{StatusWarning, fmt.Sprintf(format, args...), remedy}}
}

func notChecked(remedy, format string, args ...any) []finding {
	return []finding{{StatusNotChecked, fmt.Sprintf(format, args...), remedy}}
}

// check is one check of a component. It depends on no other, so that none hides
// another.
type check struct {
	id, component string
	run           func(ctx context.Context) []finding
}

// runAll makes all checks at the same time.
func runAll(ctx context.Context, checks []check, limit time.Duration) Report {
	results := make([]chan Report, len(checks))
	for i := range checks {
		results[i] = make(chan Report, 1)
		go func() { results[i] <- checks[i].bounded(ctx, limit) }()
	}
	var report Report
	for _, result := range results {
		report = append(report, <-result...)
	}
	return report
}

// grace is how much longer than its limit a check that obeys its context may take: it
// says more than that the time is over.
const grace = time.Second

// bounded makes a check. One that does not end in time, such as a read from a file
// server that does not answer, is left behind.
func (c *check) bounded(ctx context.Context, limit time.Duration) Report {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan []finding, 1)
	go func() { done <- c.guarded(ctx) }()
	select {
	case found := <-done:
		return c.results(found)
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case found := <-done:
		return c.results(found)
	case <-timer.C:
		return c.results(failed("find out why it does not answer: a file server that is down, a disk, a firewall", "no result within %s", limit))
	}
}

func (c *check) guarded(ctx context.Context) (found []finding) {
	defer func() {
		if r := recover(); r != nil {
			found = notChecked("report this as a defect of oversight-siem", "the check itself failed: %v", r)
		}
	}()
	return c.run(ctx)
}

func (c *check) results(found []finding) (report Report) {
	for _, f := range found {
		report = append(report, Result{Check: c.id, Component: c.component, Status: f.status, Seen: f.seen, Remedy: f.remedy})
	}
	return report
}

// tooSlow says that a check had no time; nil for an error that says something else.
func tooSlow(err error) []finding {
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return nil
	}
	return notChecked("run it again with a longer --timeout. If that does not help, find out what is slow: a disk, a file server, a machine with too much to do", "there was no result in the time of a check")
}
