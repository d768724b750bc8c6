// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// The sums are those of big numbers, and a difference names its row.
func TestDigestSums(t *testing.T) {
	key := []byte("0123456789abcdef")
	hash := checkpoint.NewRowHash(key)
	prime := big.NewInt(checkpoint.Prime)
	rows := map[int64]string{1: "a", 4095: "b", 1 << 40: "c", checkpoint.Prime - 1: "d", checkpoint.Prime + 5: "e", 1<<63 - 1: "f"}
	var digest checkpoint.Digest
	sum, idSum := new(big.Int), new(big.Int)
	for id, uid := range rows {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(uid))
		h := new(big.Int).SetBytes(mac.Sum(nil)[:8])
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
		other.Add(id, hash.Of("another row"))
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
