// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "time"

// stateLine bounds the lines about a state that lasts: one when it begins, however long
// it lasts, and no more than a [lineLimit] allows where it comes and goes.
type stateLine struct {
	active bool
	logged bool // that it began
	limit  *lineLimit
}

func newStateLine() stateLine { return stateLine{limit: newLineLimit()} }

// begin is called whenever the state is seen. It reports whether to log that it began,
// and how often that was not logged before.
func (s *stateLine) begin(now time.Time) (suppressed int, ok bool) {
	if s.active {
		return 0, false
	}
	s.active = true
	suppressed, s.logged = s.limit.take(now)
	return suppressed, s.logged
}

// end is called whenever the state is not seen. It reports whether to log that it ended.
func (s *stateLine) end() (ok bool) {
	ok = s.logged
	s.active, s.logged = false, false
	s.limit.resolved()
	return ok
}
