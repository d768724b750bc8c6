// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/livedb"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// toTime converts seconds since 1970. ok is false if no record can hold the time.
func toTime(seconds int64) (t time.Time, ok bool) {
	if seconds < translator.MinTimestamp || seconds > translator.MaxTimestamp {
		return time.Time{}, false
	}
	return time.Unix(seconds, 0).UTC(), true
}

// timestampOf reads a column as [decoder.seconds] does.
func timestampOf(stmt *livedb.Stmt, column int) (t time.Time, ok bool) {
	if stmt.Column(column).Type() != livedb.TypeInteger {
		return time.Time{}, false
	}
	return toTime(stmt.Column(column).Int64())
}
