// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"fmt"
	"math"
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

// Sort keys of rows whose timestamp is no number, in SQLite's order: NULL is below
// all numbers, texts and blobs are above.
const (
	noTime      = math.MinInt64
	unknownTime = math.MaxInt64
)

// timeKey is the seconds of a timestamp, or noTime or unknownTime.
func timeKey(class livedb.Type, seconds int64, known bool) int64 {
	switch {
	case class == livedb.TypeNull:
		return noTime
	case !known:
		return unknownTime
	default:
		return min(max(seconds, noTime+1), unknownTime-1)
	}
}

// clampedSeconds is the integer part of a real number.
func clampedSeconds(real float64) int64 {
	switch seconds, ok := truncate(real); {
	case ok:
		return seconds
	case real < 0:
		return math.MinInt64
	default:
		return math.MaxInt64
	}
}

// secondsIn reads a column of a statement as [decoder.time] does.
func secondsIn(value livedb.Value) (class livedb.Type, seconds int64, known bool) {
	switch class = value.Type(); class {
	case livedb.TypeInteger:
		return class, value.Int64(), true
	case livedb.TypeFloat:
		return class, clampedSeconds(value.Float()), true
	case livedb.TypeText:
		seconds, known = parseInteger(string(value.Text()))
	case livedb.TypeBlob:
		seconds, known = parseInteger(string(value.Blob()))
	case livedb.TypeNull:
	}
	return class, seconds, known
}

// timestampOf reads a column of a statement as [decoder.seconds] does.
func timestampOf(stmt *livedb.Stmt, column int) (t time.Time, ok bool) {
	_, seconds, known := secondsIn(stmt.Column(column))
	if !known {
		return time.Time{}, false
	}
	return toTime(seconds)
}

// maxUnixSeconds is the last second of the year 2100. Larger numbers are milliseconds,
// which would skip or include all events, or mistakes.
const maxUnixSeconds = 4133980799

// ParseTime parses a time that a user gives to select events: RFC 3339, or Unix
// seconds. The zero time stands for an empty text. name is the setting or flag as
// the user writes it, with which the error begins.
func ParseTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		if seconds > maxUnixSeconds {
			return time.Time{}, fmt.Errorf("%s is %q: must be Unix seconds, not milliseconds, and at most %d (the year 2100)", name, text, maxUnixSeconds)
		}
		return time.Unix(seconds, 0), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is %q: must be an RFC 3339 time such as 2026-01-01T00:00:00Z, or Unix seconds", name, text)
	}
	return t, nil
}
