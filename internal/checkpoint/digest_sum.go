// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "math/bits"

// Add adds a row with that h. The id must be positive.
func (d *Digest) Add(id int64, h uint64) {
	d.Rows++
	d.Sum = addMod(d.Sum, h)
	d.IDSum = addMod(d.IDSum, mulMod(reduce(uint64(id)), h)) //nolint:gosec // it is positive
}

// Plus is the digest of the rows of both, which have none in common.
func (d Digest) Plus(other Digest) Digest {
	return Digest{d.Rows + other.Rows, addMod(d.Sum, other.Sum), addMod(d.IDSum, other.IDSum)}
}

// Minus is the digest of the rows of d that are not among the other's, which are all
// of d. Where they are not, Rows wraps around, and [Digest.ID] names the row if it is
// only one.
func (d Digest) Minus(other Digest) Digest {
	return Digest{d.Rows - other.Rows, addMod(d.Sum, Prime-other.Sum), addMod(d.IDSum, Prime-other.IDSum)}
}

// ID is the quotient IDSum/Sum: the id, if the digest is that of one row or of the
// difference between two versions of one; of several rows it is any number. ok is
// false for a Sum of 0, and for a number that is no id.
func (d Digest) ID() (id int64, ok bool) {
	if d.Sum == 0 {
		return 0, false
	}
	inverse, power := uint64(1), d.Sum // Fermat: the inverse is Sum^(Prime-2)
	for exponent := uint64(Prime - 2); exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			inverse = mulMod(inverse, power)
		}
		power = mulMod(power, power)
	}
	id = int64(mulMod(d.IDSum, inverse)) //nolint:gosec // it is below 2^61
	return id, id > 0
}

// addMod is a+b modulo Prime; neither is above it.
func addMod(a, b uint64) uint64 {
	if a += b; a >= Prime {
		a -= Prime
	}
	if a == Prime {
		return 0
	}
	return a
}

// mulMod is a·b modulo Prime; both are below it.
func mulMod(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return addMod(low&Prime, high<<3|low>>61) // 2^61 is 1 modulo Prime
}
