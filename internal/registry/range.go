// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import "time"

// Range selects events. The zero value selects all of them.
type Range struct {
	// Since and Until limit the timestamps: not before Since, and before Until.
	// The zero time is no limit. An event whose timestamp is not known, since it is
	// NULL or nothing that can be read, is within all limits. The timestamp 0
	// says that there is no time, and is not before any Until.
	Since, Until time.Time
	// AfterID leaves out the events up to that id. 0 leaves out none.
	AfterID int64
	// WithoutUID leaves the events' UID empty, which saves a sixth of the time.
	WithoutUID bool
	// Limit is how many events to read at most; 0 for no limit.
	Limit int64
}

// includes reports whether an event is to be read whose timestamp has that key.
func (l *Range) includes(seconds int64) bool {
	switch {
	case seconds == noTime || seconds == unknownTime:
		return true
	case seconds == 0 && !l.Until.IsZero():
		return false
	}
	return (l.Since.IsZero() || seconds >= ceilSeconds(l.Since)) && (l.Until.IsZero() || seconds < ceilSeconds(l.Until))
}

// ceilSeconds is the first whole second that is not before t.
func ceilSeconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}
