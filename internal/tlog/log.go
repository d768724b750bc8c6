// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"context"
	"errors"
)

var (
	// ErrBeyond says that the log has no such leaf, as far as it has been read.
	ErrBeyond = errors.New("the log does not reach that far")
	// ErrUnknown says that what the answer takes has not been read again since the
	// start, was rotated away, or could not be read.
	ErrUnknown = errors.New("that part of the log is not known")
)

// Settings is what a Log needs to know.
type Settings struct {
	// Path is leaves.jsonl. It need not exist yet.
	Path string
	// State is what an earlier Log knew, from [Log.State]. Default nothing.
	State State
	// OnLeaf is called by Advance for each leaf that is new, in order and once:
	// not for those below State.Size. beacon says that it is a beacon's and is
	// not corrupt. It must not call the Log. Default none.
	OnLeaf func(index int64, beacon bool)
}

// Entry is a leaf, as a row is compared with it.
type Entry struct {
	// Beacon is what the leaf holds if IsBeacon is set, else nil. It is valid
	// until the next call of the Log that is not Lookup.
	Beacon   *Beacon
	IsBeacon bool
	// Corrupt says that the leaf is unreadable, has a hash or an index that is
	// not its own, or is missing in the file.
	Corrupt bool
}

// Log follows leaves.jsonl. It is not safe for concurrent use.
type Log struct {
	settings Settings
}

// Open returns a Log. It does no I/O.
func Open(settings Settings) *Log { return &Log{settings: settings} }

// Advance reads on.
func (l *Log) Advance(ctx context.Context, size int64) error { return errors.ErrUnsupported }

// AtEnd reports whether the last Advance saw the end of the file.
func (l *Log) AtEnd() bool { return false }

// Size is how many leaves have been read.
func (l *Log) Size() int64 { return 0 }

// Root is the root of the tree over all leaves that have been read.
func (l *Log) Root() (root Hash, known bool) { return Hash{}, false }

// RootAt is the root of the tree over the first size leaves.
func (l *Log) RootAt(size int64) (Hash, error) { return Hash{}, ErrUnknown }

// Lookup returns a leaf.
func (l *Log) Lookup(index int64) (Entry, error) { return Entry{}, ErrUnknown }

// Findings returns what was found since the last call.
func (l *Log) Findings() []Finding { return nil }

// State is what a later Log can go on from.
func (l *Log) State() State { return l.settings.State }

// Reverify reads again what had been read before the start.
func (l *Log) Reverify(ctx context.Context) (done bool, err error) { return true, nil }

// Reverifying tells how far Reverify is.
func (l *Log) Reverifying() (from, to int64, active bool) { return 0, 0, false }

// Close releases the file.
func (l *Log) Close() error { return nil }
