// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import "fmt"

// Summary counts what was written. The zero value means nothing.
type Summary struct {
	Events  int64 // rows committed
	FirstID int64 // the lowest id among them
	LastID  int64 // the highest
	Leaves  int64 // leaves written, those of registered documents too
}

func (s *Summary) count(ids []int64) {
	for _, id := range ids {
		if s.Events == 0 || id < s.FirstID {
			s.FirstID = id
		}
		s.LastID = max(s.LastID, id)
		s.Events++
	}
}

// String returns a sentence without a full stop, like "wrote 123 events (ids 1 to
// 123) and 148 leaves".
func (s Summary) String() string {
	leaves := fmt.Sprintf("%d leaves", s.Leaves)
	if s.Leaves == 1 {
		leaves = "1 leaf"
	}
	switch s.Events {
	case 0:
		return "wrote no events and " + leaves
	case 1:
		return fmt.Sprintf("wrote 1 event (id %d) and %s", s.FirstID, leaves)
	default:
		return fmt.Sprintf("wrote %d events (ids %d to %d) and %s", s.Events, s.FirstID, s.LastID, leaves)
	}
}
