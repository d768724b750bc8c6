// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"encoding/hex"
	"time"
)

const (
	// backgroundKeySize is the size of Background.Key, in bytes.
	backgroundKeySize = 16
	// maxBackground bounds a Background, in bytes.
	maxBackground = 4 << 10
)

// Background is the state of the check of delivered rows in the background.
type Background struct {
	// Key is 32 random hex digits that the digests are made with. It never leaves
	// the storage.
	Key string `json:"key"`
	// Pages is the number of the first [DigestPage] that was never written.
	Pages int64 `json:"pages"`
	// FirstID is the lowest id whose digest counts: rows below it were pruned.
	FirstID int64 `json:"first_id"`
	// NextID is where the check continues, and Started when it was at FirstID.
	NextID  int64     `json:"next_id"`
	Started time.Time `json:"started"`
	// LearnTo is the last of the rows that had been delivered when the digests began,
	// as long as not all of these are in them: from NextID on, they are not.
	LearnTo int64 `json:"learn_to,omitempty"`
	// LastID is the last row that is in the digests, or would be: where it is not that
	// of the cursor, an earlier collector moved that, and the digests are useless.
	LastID int64 `json:"last_id,omitempty"`
	// RegistryID is what the uids in the digests were made with.
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
	if b.Pages < 0 || b.FirstID < 0 || b.NextID < 0 || b.LearnTo < 0 || b.LastID < 0 {
		return Background{}, damaged("a negative number")
	}
	return b, nil
}
