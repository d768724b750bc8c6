// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import "time"

// refusals says how long a destination has refused all that a lane sent. While the lane
// looks for who is to blame, a refusal is no failure yet, and no recovery either.
type refusals struct {
	sent  time.Time // when the last request was sent
	since time.Time // when the first of the refused ones was sent; zero: none
}

// answered takes over the answer to the last request, and reports whether all of them
// were refused for [stuckAfter].
func (r *refusals) answered(now time.Time, refused bool) (lasting bool) {
	switch {
	case !refused:
		r.since = time.Time{}
		return false
	case r.since.IsZero():
		r.since = r.sent
	}
	return now.Sub(r.since) >= stuckAfter
}
