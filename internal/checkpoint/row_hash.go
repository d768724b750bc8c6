// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
)

// RowHash computes fingerprints, and the h of a [Digest]: AES-128 of a row's uid, which is
// one block. It costs some 20 ns, a fraction of any hash. It is not safe for concurrent
// use.
//
// A keyed function that is linear in the uid would cost less, and prove nothing: uids
// are hashes of what the rows hold, and among many variants of a few rows some can be
// found that keep every linear sum of the uids as it was, whatever the key is
// (generalized birthday, Wagner 2002).
type RowHash struct {
	block   cipher.Block
	in, out [UIDSize]byte // here, so that they are not allocated for each row
}

// NewRowHash returns the hash under a key of 16 bytes.
func NewRowHash(key []byte) *RowHash {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys are made, or were checked, with that size
	}
	return &RowHash{block: block}
}

// Of returns h of the row with that log.record.uid: 32 hex digits in lower case.
func (r *RowHash) Of(uid string) uint64 {
	r.encrypt(uid)
	return reduce(binary.BigEndian.Uint64(r.out[:]))
}

// Fingerprint returns the first 4 bytes of the row with that log.record.uid, encrypted,
// and 1 in place of 0. Who does not have the key can change a row so that its fingerprint
// stays the same only by chance, of 1 to 2^32 for each attempt.
func (r *RowHash) Fingerprint(uid string) uint32 {
	r.encrypt(uid)
	return max(binary.BigEndian.Uint32(r.out[:]), 1)
}

func (r *RowHash) encrypt(uid string) {
	decodeUID(&r.in, uid)
	r.block.Encrypt(r.out[:], r.in[:])
}

// decodeUID decodes hex digits, eight at a time. Of other texts it makes any bytes, of
// a text with another length zeros.
func decodeUID(out *[UIDSize]byte, uid string) {
	if len(uid) != 2*UIDSize {
		*out = [UIDSize]byte{}
		return
	}
	for i := range 4 {
		digits := uint64(uid[8*i]) | uint64(uid[8*i+1])<<8 | uint64(uid[8*i+2])<<16 | uint64(uid[8*i+3])<<24 |
			uint64(uid[8*i+4])<<32 | uint64(uid[8*i+5])<<40 | uint64(uid[8*i+6])<<48 | uint64(uid[8*i+7])<<56
		digits = digits&0x0f0f0f0f0f0f0f0f + digits>>6&0x0101010101010101*9 // their values: a letter has bit 6, and 1 for a
		digits = (digits<<4 | digits>>8) & 0x00ff00ff00ff00ff               // two make a byte
		digits = (digits | digits>>8) & 0x0000ffff0000ffff
		binary.LittleEndian.PutUint32(out[4*i:], uint32(digits|digits>>16)) //nolint:gosec // the lower half
	}
}

// reduce is n modulo Prime.
func reduce(n uint64) uint64 { return addMod(n&Prime, n>>61) } // 2^61 is 1 modulo Prime
