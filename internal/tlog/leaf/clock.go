// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"time"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// clockTolerance is how far the row's timestamp may be from the leaf's time, in seconds.
// Registries read their clock for the leaf, and again for the row once the leaf is
// durable: up to 7 s later on a slow disk with six writers.
const clockTolerance = 60

// timesAgree reports whether the row's column timestamp is near the leaf's time, which
// all registries take from the same clock. A column that holds no time counts as 0. If
// the leaf has no time that a record can hold, or the event was made without one, there
// is nothing to compare.
func timesAgree(leafTime string, e *translator.Event) bool {
	if e.Timestamp.IsZero() && !e.IsInvalid(fieldNames[fieldRecorded]) {
		return true
	}
	want, ok := unixSeconds(leafTime)
	if !ok || want < 0 || want > translator.MaxTimestamp {
		return true
	}
	got := int64(0)
	if !e.Timestamp.IsZero() {
		got = e.Timestamp.Unix()
	}
	return max(want-got, got-want) <= clockTolerance
}

// unixSeconds parses a time of RFC 3339.
func unixSeconds(text string) (seconds int64, ok bool) {
	if seconds, ok := plainSeconds(text); ok {
		return seconds, true
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.Unix(), err == nil
}

// plainSeconds is unixSeconds for nearly all times as registries write them, such as
// 2006-01-02T15:04:05Z, in half the time. It leaves the last days of months, which not
// every month has, and anything else to time.Parse.
func plainSeconds(text string) (seconds int64, ok bool) {
	const form = "0000-00-00T00:00:00Z"
	if len(text) != len(form) || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z' {
		return 0, false
	}
	century, year, month, day := twoDigits(text[0:2]), twoDigits(text[2:4]), twoDigits(text[5:7]), twoDigits(text[8:10])
	hour, minute, second := twoDigits(text[11:13]), twoDigits(text[14:16]), twoDigits(text[17:19])
	if century > 99 || year > 99 || month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return time.Date(100*century+year, time.Month(month), day, hour, minute, second, 0, time.UTC).Unix(), true
}

// twoDigits is the value of a text of two digits; above 99 for any other two bytes.
func twoDigits(text string) int {
	high, low := text[0]-'0', text[1]-'0'
	if high > 9 || low > 9 {
		return 100
	}
	return 10*int(high) + int(low)
}
