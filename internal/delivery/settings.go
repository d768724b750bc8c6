// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import "time"

// Settings configure a [Lane] and a [Backlog].
type Settings struct {
	// MaxRows is the most rows to send together. Default: 1.
	MaxRows int
	// NextInterval returns how long to wait after the n-th failure in a row, from 1
	// on. Default: 5 s.
	NextInterval func(failures int) time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// QuarantineFull says that no row can be quarantined. The lane then holds at the
	// row that would be. Default: there is always room.
	QuarantineFull func() bool
	// AheadRoom is how many more rows may be done ahead. Default: as many as there
	// are. It is not used with NoReducedForm.
	AheadRoom func() int
	// NoReducedForm says that rows are sent as they are, and in no other form. A row is
	// then blamed when another is accepted, and never [Owed].
	NoReducedForm bool
}

const defaultInterval = 5 * time.Second

func (s Settings) withDefaults() Settings {
	s.MaxRows = max(s.MaxRows, 1)
	if s.NextInterval == nil {
		s.NextInterval = func(int) time.Duration { return defaultInterval }
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.QuarantineFull == nil {
		s.QuarantineFull = func() bool { return false }
	}
	if s.AheadRoom == nil || s.NoReducedForm {
		s.AheadRoom = func() int { return unlimitedRows }
	}
	return s
}

// unlimitedRows is more than any batch has.
const unlimitedRows = 1 << 30
