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
	if b.Pages < 0 || b.FirstID < 0 || b.NextID < 0 {
		return Background{}, damaged("a negative number")
	}
	return b, nil
}
