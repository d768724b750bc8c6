// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// The sums are those of big numbers, and a difference names its row.
func TestDigestSums(t *testing.T) {
	key := []byte("0123456789abcdef")
	hash := checkpoint.NewRowHash(key)
	prime := big.NewInt(checkpoint.Prime)
	rows := map[int64]string{
		1: "00000000000000000000000000000000", 4095: "ffffffffffffffffffffffffffffffff", 1 << 40: "0123456789abcdef0f1e2d3c4b5a6978",
		checkpoint.Prime - 1: "dc2e0b034036bda258b3913aafca540f", checkpoint.Prime + 5: "9999999999999999aaaaaaaaaaaaaaaa", 1<<63 - 1: "a0b1c2d3e4f5061728394a5b6c7d8e9f",
	}
	var digest checkpoint.Digest
	sum, idSum := new(big.Int), new(big.Int)
	for id, uid := range rows {
		h := new(big.Int).SetBytes(encrypted(t, key, uid)[:8])
		h.Mod(h, prime)
		assert.Equal(t, h.Uint64(), hash.Of(uid))
		sum.Mod(sum.Add(sum, h), prime)
		idSum.Mod(idSum.Add(idSum, h.Mul(h, big.NewInt(id))), prime)
		digest.Add(id, hash.Of(uid))
	}
	assert.Equal(t, checkpoint.Digest{Rows: 6, Sum: sum.Uint64(), IDSum: idSum.Uint64()}, digest)

	for _, id := range []int64{1, 4095, 1 << 40, checkpoint.Prime - 1} {
		var one, other checkpoint.Digest
		one.Add(id, hash.Of(rows[id]))
		other.Add(id, hash.Of("0123456789abcdef0123456789abcdef"))
		left := digest.Minus(one)
		assert.Equal(t, digest, left.Plus(one))
		deleted := digest.Minus(left)
		named, ok := deleted.ID()
		assert.True(t, ok)
		assert.Equal(t, id, named, "deleted")
		assert.Equal(t, uint32(1), deleted.Rows)
		edited := digest.Minus(left.Plus(other))
		named, ok = edited.ID()
		assert.True(t, ok)
		assert.Equal(t, id, named, "edited")
		assert.Zero(t, edited.Rows)
	}
	_, ok := digest.Minus(digest).ID()
	assert.False(t, ok)
}

func encrypted(t *testing.T, key []byte, uid string) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	require.NoError(t, err)
	data, err := hex.DecodeString(uid)
	require.NoError(t, err)
	block.Encrypt(data, data)
	return data
}

// Every uid has a hash of its own, and none allocates.
func TestRowHash(t *testing.T) {
	key := []byte("fedcba9876543210")
	hash := checkpoint.NewRowHash(key)
	random := rand.New(rand.NewPCG(1, 2))
	var uid [checkpoint.UIDSize]byte
	for range 10_000 {
		for i := range uid {
			uid[i] = byte(random.Uint32())
		}
		text := hex.EncodeToString(uid[:])
		h := new(big.Int).SetBytes(encrypted(t, key, text)[:8])
		require.Equal(t, h.Mod(h, big.NewInt(checkpoint.Prime)).Uint64(), hash.Of(text))
		require.Equal(t, binary.BigEndian.Uint32(encrypted(t, key, text)), hash.Fingerprint(text))
	}
	text := hex.EncodeToString(uid[:])
	sum := uint64(0)
	assert.Zero(t, testing.AllocsPerRun(100, func() { sum += hash.Of(text) }))
	assert.NotEqual(t, hash.Of(text), checkpoint.NewRowHash([]byte("0123456789abcdef")).Of(text))
	assert.Zero(t, testing.AllocsPerRun(100, func() { sum += uint64(hash.Fingerprint(text)) }))
	assert.NotEqual(t, hash.Fingerprint(text), checkpoint.NewRowHash([]byte("0123456789abcdef")).Fingerprint(text))
}
