// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "strconv"

// Version is the version of the format that this package writes. It changes when
// an earlier collector must not continue from what a later one wrote, and
// [Root.Requires] is not enough to say so.
const Version = 2

// The keys of a checkpoint. Those that end with a slash are followed by the
// number of a page.
const (
	// RootKey holds the [Root]. Version 1 used the same key, so that a collector
	// that only knows version 1 reports what it found instead of starting over.
	RootKey = "checkpoint"
	// RecentPrefix is for the pages of [Recent].
	RecentPrefix = "recent/"
	// LogKey holds the [Log], and LogPrefix is for its pages, each a [LogPage].
	LogKey    = "log"
	LogPrefix = "log/"
	// DoneAheadKey holds the rows behind the cursor's that were delivered, see
	// [EncodeRows].
	DoneAheadKey = "done_ahead"
	// QuarantineKey holds the [PageList] of refused events, and QuarantinePrefix
	// is for its pages, each a [RefusedPage].
	QuarantineKey    = "quarantine"
	QuarantinePrefix = "quarantine/"
	// OwedKey holds the [PageList] of events that were accepted in a reduced form
	// only, and OwedPrefix is for its pages, each a [RefusedPage].
	OwedKey    = "owed"
	OwedPrefix = "owed/"
	// GiveUpKey holds the ids that were given up at the last start, a [GiveUp].
	GiveUpKey = "give_up"
	// OutboxKey holds the [Queue] of records without a row that are not delivered
	// yet, and OutboxPrefix is for these, each a [Record].
	OutboxKey    = "outbox"
	OutboxPrefix = "outbox/"
	// ReviewKey holds the ranges of rows that are to be checked again, see
	// [EncodeReviews].
	ReviewKey = "review"
	// BackgroundKey holds the state of the [Background] check, and
	// BackgroundPrefix is for its chunks, each [Fingerprints].
	BackgroundKey    = "background"
	BackgroundPrefix = "background/"
)

// PageKey is the key of a page, whose prefix is one of the constants above.
func PageKey(prefix string, number int64) string { return prefix + strconv.FormatInt(number, 10) }
