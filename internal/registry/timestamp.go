// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"strconv"
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

// ParseTime parses a time that a user gives to select events: RFC 3339, or Unix
// seconds. The zero time stands for an empty text. name is the setting or flag as
// the user writes it, with which the error begins.
func ParseTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is %q: must be an RFC 3339 time such as 2026-01-01T00:00:00Z, or Unix seconds", name, text)
	}
	return t, nil
}
