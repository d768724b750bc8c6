// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "encoding/binary"

// Prime is the modulus of the sums in a [Digest]: 2^61-1.
const Prime = 1<<61 - 1

const (
	// DigestIDs is how many ids, from a multiple of it on, share a digest.
	DigestIDs = 4096
	// PageDigests is how many digests share a page: those of 262,144 ids.
	PageDigests = 64

	digestSize     = 4 + 8 + 8
	digestPageSize = PageDigests*digestSize + sumSize
)

// Digest sums up rows. With h the first 8 bytes, big-endian, of a row's uid encrypted
// by AES-128 under [Background.Key], modulo [Prime] (see [RowHash]): where one row was
// changed or deleted, the quotient of the two differences names its id. Without
// the key nobody can change rows so that the sums stay the same.
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

// DigestPage is the digests of 64 times 4,096 ids.
type DigestPage [PageDigests]Digest

// Encode returns the value of a page under [BackgroundPrefix].
func (p *DigestPage) Encode() []byte {
	data := make([]byte, 0, digestPageSize)
	for i := range p {
		data = p[i].append(data)
	}
	return appendSum(data)
}

// DecodeDigestPage reads such a value.
func DecodeDigestPage(data []byte) (p DigestPage, err error) {
	if data, err = cutSum(data); err != nil {
		return p, err
	}
	if len(data) != digestPageSize-sumSize {
		return p, damaged("%d bytes, a page has %d", len(data)+sumSize, digestPageSize)
	}
	for i := range p {
		if p[i], err = digestAt(data[i*digestSize:]); err != nil {
			return p, err
		}
	}
	return p, nil
}
