// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"encoding/hex"
	"time"
)

const (
	// MaxRuns bounds the runs of Background.Chunks and Background.Stale together.
	MaxRuns = 1024

	// backgroundKeySize is the size of Background.Key, in bytes.
	backgroundKeySize = 16
	// maxBackground bounds a Background, in bytes. A usual one has 300.
	maxBackground = 64 << 10
)

// Background is the state of the check of delivered rows in the background.
type Background struct {
	// Key is 32 random hex digits that the fingerprints are made with. It never leaves
	// the storage.
	Key string `json:"key"`
	// Chunks is the numbers of the chunks that may be stored, as runs: the first and the
	// last number of each, in order.
	Chunks [][2]int64 `json:"chunks,omitempty"`
	// Stale is those of chunks that are to be deleted. They do not count.
	Stale [][2]int64 `json:"stale,omitempty"`
	// FirstID is the lowest id that has a fingerprint, 0 for none: rows below it were
	// pruned.
	FirstID int64 `json:"first_id"`
	// NextID is where the check continues, and Started when it was at FirstID.
	NextID  int64     `json:"next_id"`
	Started time.Time `json:"started"`
	// LearnTo is the last of the rows that had been delivered when the fingerprints
	// began, as long as not all of these have one: from NextID on, they have none.
	LearnTo int64 `json:"learn_to,omitempty"`
	// LastID is the last row that was delivered: where it is not that of the cursor, an
	// earlier collector moved that, and the fingerprints are useless.
	LastID int64 `json:"last_id,omitempty"`
	// EndID is the first id that has no fingerprint, because there would be too many
	// runs; 0: all have one.
	EndID int64 `json:"end_id,omitempty"`
	// PruneTo is the first row that is left, while the chunks of those before it are
	// being removed, which had PrunedRows rows so far; 0: none are.
	PruneTo    int64 `json:"prune_to,omitempty"`
	PrunedRows int64 `json:"pruned_rows,omitempty"`
	// RegistryID is what the uids of the rows were made with.
	RegistryID string `json:"registry_id,omitempty"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Encode returns the value of [BackgroundKey].
func (b *Background) Encode() ([]byte, error) { return encodeObject(b, b.Extra, maxBackground) }

// DecodeBackground reads the value of [BackgroundKey].
func DecodeBackground(data []byte) (Background, error) {
	var b Background
	var err error
	if b.Extra, err = decodeObject(data, &b, maxBackground); err != nil {
		return Background{}, err
	}
	if key, err := hex.DecodeString(b.Key); err != nil || len(key) != backgroundKeySize {
		return Background{}, damaged("the key is not %d hex digits", 2*backgroundKeySize)
	}
	if b.FirstID < 0 || b.NextID < 0 || b.LearnTo < 0 || b.LastID < 0 || b.EndID < 0 || b.PruneTo < 0 || b.PrunedRows < 0 {
		return Background{}, damaged("a negative number")
	}
	if n := len(b.Chunks) + len(b.Stale); n > MaxRuns {
		return Background{}, damaged("%d runs of chunks, at most %d are allowed", n, MaxRuns)
	}
	for _, runs := range [][][2]int64{b.Chunks, b.Stale} {
		if err := checkRuns(runs); err != nil {
			return Background{}, err
		}
	}
	return b, nil
}

func checkRuns(runs [][2]int64) error {
	next := int64(0)
	for _, run := range runs {
		if run[0] < next || run[1] < run[0] {
			return damaged("run %d to %d of chunks before number %d", run[0], run[1], next)
		}
		next = run[1] + 1
	}
	return nil
}
