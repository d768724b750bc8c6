// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import "time"

// times keeps the last two times as text. Documents repeat them: all that are
// read at once have the same time of reading, and many the same second.
type times struct {
	kept [2]struct {
		at   time.Time
		text []byte
	}
	recent int // which of them was used last
}

// text is a time in RFC 3339, in UTC and quotes, until the next call.
func (t *times) text(at time.Time) []byte {
	if t.kept[t.recent].at != at {
		t.recent = 1 - t.recent // what was used last is kept
	}
	kept := &t.kept[t.recent]
	if kept.at != at {
		kept.text = append(kept.text[:0], '"')
		kept.text = at.UTC().AppendFormat(kept.text, time.RFC3339Nano)
		kept.text = append(kept.text, '"')
		kept.at = at
	}
	return kept.text
}
