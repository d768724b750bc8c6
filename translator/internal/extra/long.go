// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package extra

import "sync"

// longText is how long a text is of which a process parses one at a time, in bytes: what
// is parsed takes up to thirty times the memory of the text. Registries write texts of
// a few hundred bytes.
const longText = 64 << 10

var parsingLong sync.Mutex

// holdIfLong waits until no other long text is being parsed, if this one is long, and
// returns what to call when the values are not needed any more.
func holdIfLong(text string) (release func()) {
	if len(text) < longText {
		return func() {}
	}
	parsingLong.Lock()
	return parsingLong.Unlock
}
