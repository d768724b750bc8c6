// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import "time"

// SetClock replaces the clock that tells how old a change is.
func (db *DB) SetClock(now func() time.Time) { db.now = now }
