// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "encoding/binary"

// Prime is the modulus of the sums in a [Digest]: 2^61-1.
const Prime = 1<<61 - 1

const digestSize = 4 + 8 + 8

// Digest sums up the rows of a [Review]. With h the first 8 bytes, big-endian, of a row's
// uid encrypted by AES-128 under [Log.ReviewKey], modulo [Prime] (see [RowHash]): where
// one row was changed or deleted, the quotient of the two differences names its id.
// Without the key nobody can change rows so that the sums stay the same.
type Digest struct {
	// Rows is how many there are.
	Rows uint32
	// Sum is Σh and IDSum Σid·h, modulo [Prime].
	Sum, IDSum uint64
}

func (d *Digest) append(data []byte) []byte {
	data = binary.BigEndian.AppendUint32(data, d.Rows)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(data, d.Sum), d.IDSum)
}

func digestAt(data []byte) (Digest, error) {
	d := Digest{binary.BigEndian.Uint32(data), binary.BigEndian.Uint64(data[4:]), binary.BigEndian.Uint64(data[12:])}
	if d.Sum >= Prime || d.IDSum >= Prime {
		return d, damaged("a sum is not below the prime")
	}
	return d, nil
}
