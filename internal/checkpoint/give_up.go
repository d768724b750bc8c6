// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "slices"

// MaxGiveUp bounds [GiveUp.IDs]: as many events as are kept.
const MaxGiveUp = MaxQuarantine + MaxOwed

const maxGiveUpValue = 128 << 10

// GiveUp is the ids that the configuration named when the receiver started last, and
// that were given up then. They say nothing of an event that is refused later.
type GiveUp struct {
	// IDs are in their order, each once.
	IDs []int64 `json:"ids"`
	// Extra is the members that this version does not know.
	Extra Extra `json:"-"`
}

// Encode returns the value of [GiveUpKey].
func (g *GiveUp) Encode() ([]byte, error) { return encodeObject(g, g.Extra, maxGiveUpValue) }

// DecodeGiveUp reads the value of [GiveUpKey].
func DecodeGiveUp(data []byte) (GiveUp, error) {
	var g GiveUp
	var err error
	if g.Extra, err = decodeObject(data, &g, maxGiveUpValue); err != nil {
		return GiveUp{}, err
	}
	if len(g.IDs) > MaxGiveUp || !slices.IsSorted(g.IDs) {
		return GiveUp{}, damaged("%d ids, at most %d are allowed, in their order", len(g.IDs), MaxGiveUp)
	}
	return g, nil
}
