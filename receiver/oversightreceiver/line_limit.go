// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "time"

const (
	// lineInterval is the least time between two lines about a failure that lasts.
	lineInterval = 5 * time.Minute
	// lineBurst is how many lines about failures of a class may follow one another.
	lineBurst = 5
	// lineRefill is the time after which there may be one more. With it, an outage
	// of a day, and a destination that fails and recovers all day, are a page of log.
	lineRefill = time.Hour
)

// lineLimit bounds the lines about the failures of one class.
type lineLimit struct {
	lines      int       // that may be logged now
	refilled   time.Time // when lines last grew
	last       time.Time // of the last line about the failure that lasts; zero: none
	suppressed int       // failures since the last line
}

func newLineLimit() *lineLimit { return &lineLimit{lines: lineBurst} }

// take reports whether a failure may be logged, and how many before it were not.
func (l *lineLimit) take(now time.Time) (suppressed int, ok bool) {
	l.refill(now)
	if l.lines == 0 || !l.last.IsZero() && now.Sub(l.last) < lineInterval {
		l.suppressed++
		return 0, false
	}
	suppressed = l.suppressed
	l.lines, l.last, l.suppressed = l.lines-1, now, 0
	return suppressed, true
}

// refill adds the lines for the time that has passed.
func (l *lineLimit) refill(now time.Time) {
	if l.lines == lineBurst {
		l.refilled = now
		return
	}
	n := int(now.Sub(l.refilled) / lineRefill)
	if n <= 0 {
		return
	}
	l.lines = min(l.lines+n, lineBurst)
	l.refilled = l.refilled.Add(time.Duration(n) * lineRefill)
}

// resolved says that the failure is over: the next one may be logged at once.
func (l *lineLimit) resolved() { l.last = time.Time{} }
