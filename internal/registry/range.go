// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import "time"

// Range selects events. The zero value selects all of them.
type Range struct {
	// Since and Until limit the timestamps: not before Since, and before Until.
	// The zero time is no limit. With either of them, events without a valid
	// timestamp are left out.
	Since, Until time.Time
	// AfterID leaves out the events up to that id. 0 leaves out none.
	AfterID int64
	// WithoutUID leaves the events' UID empty, which saves a sixth of the time.
	WithoutUID bool
	// Limit is how many events to read at most; 0 for no limit.
	Limit int64
}

// includesTime reports whether an event with that timestamp is to be read.
func (l *Range) includesTime(t time.Time) bool {
	switch {
	case l.Since.IsZero() && l.Until.IsZero():
		return true
	case t.IsZero() || t.Before(l.Since):
		return false
	default:
		return l.Until.IsZero() || t.Before(l.Until)
	}
}

// includesKey reports whether the row with that key is to be read, as far as its
// timestamp goes.
func (l *Range) includesKey(key sortKey) bool {
	t, ok := toTime(key.seconds)
	if !ok {
		t = time.Time{}
	}
	return l.includesTime(t)
}
