// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package livedb

import "time"

// SetClock replaces the clock that the age of a change is measured with.
func (db *DB) SetClock(now func() time.Time) { db.now = now }

// OnSize has a function called whenever SQLite has asked for the size of the database.
func (db *DB) OnSize(f func()) { db.snap.onSize = f }
