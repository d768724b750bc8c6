// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package shape

import "time"

// timeCache has the text of the last two times. Documents repeat them: all that are
// read in one batch have the same time of reading, and many the same second.
type timeCache struct {
	entries [2]struct {
		time time.Time
		text []byte
	}
	recent int // the index of the entry that was used last
}

// text is a time in RFC 3339, in UTC and quotes. It is valid until the next call.
func (c *timeCache) text(t time.Time) []byte {
	if c.entries[c.recent].time != t {
		c.recent = 1 - c.recent // replace the other entry
	}
	entry := &c.entries[c.recent]
	if entry.time != t {
		entry.text = append(entry.text[:0], '"')
		entry.text = t.UTC().AppendFormat(entry.text, time.RFC3339Nano)
		entry.text = append(entry.text, '"')
		entry.time = t
	}
	return entry.text
}
