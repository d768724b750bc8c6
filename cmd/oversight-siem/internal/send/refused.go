// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package send

import (
	"fmt"
	"slices"
)

const (
	// maxRefusedInARow is how many events may be refused with none accepted since, and
	// maxRefused in all, before the export ends: the destination is to blame then, such
	// as the mapping of an index.
	maxRefusedInARow = 100
	maxRefused       = 1000
	// maxShownRefusals is how many are shown one by one.
	maxShownRefusals = 20
)

// skip takes note of the documents of a request that are refused for good. It returns
// the first of them if there are too many to skip.
func (s *Sender) skip(v verdict, sent int) error {
	if len(v.refused)+len(v.retry) < sent {
		s.refusedInARow = 0
	} else {
		s.refusedInARow += len(v.refused)
	}
	if len(v.refused) == 0 {
		return nil
	}
	if s.refusedInARow > maxRefusedInARow {
		return fmt.Errorf("%w; %d events were refused and none accepted since, so the destination is to blame", v.refused[0], s.refusedInARow)
	}
	if len(s.refused)+len(v.refused) > maxRefused {
		return fmt.Errorf("%w; more than %d events were refused", v.refused[0], maxRefused)
	}
	for _, r := range v.refused {
		s.refused = append(s.refused, r.event)
		switch n := len(s.refused); {
		case n <= maxShownRefusals:
			s.notice(s.settings.Secrets.Redact("refused and skipped: " + r.Error()))
		case n == maxShownRefusals+1:
			s.notice("more events are refused and skipped; the end of the export lists their ids")
		}
	}
	return nil
}

// notAccepted returns the documents that are refused or may be sent again, in the
// order in which they were sent.
func notAccepted(sent []document, v verdict) (remaining []document) {
	for i := range sent {
		is := func(id int64) bool { return id == sent[i].id }
		if slices.ContainsFunc(v.retry, func(d document) bool { return is(d.id) }) ||
			slices.ContainsFunc(v.refused, func(r *rejection) bool { return is(r.event) }) {
			remaining = append(remaining, sent[i])
		}
	}
	return remaining
}
