// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "encoding/binary"

const (
	// ChunkIDs is how many ids, from a multiple of it on, share a chunk.
	ChunkIDs = 256

	fingerprintSize = 4
	chunkSize       = ChunkIDs*fingerprintSize + sumSize
)

// Fingerprints are those of the rows of a chunk, by their ids: see
// [RowHash.Fingerprint]. 0 says that no row with that id was delivered.
type Fingerprints [ChunkIDs]uint32

// IsZero reports whether there are no rows. Such a chunk is not stored.
func (f *Fingerprints) IsZero() bool { return *f == Fingerprints{} }

// Encode returns the value of a chunk under [BackgroundPrefix].
func (f *Fingerprints) Encode() []byte {
	data := make([]byte, 0, chunkSize)
	for _, fingerprint := range f {
		data = binary.BigEndian.AppendUint32(data, fingerprint)
	}
	return appendSum(data)
}

// DecodeFingerprints reads such a value.
func DecodeFingerprints(data []byte) (f Fingerprints, err error) {
	if data, err = cutSum(data); err != nil {
		return f, err
	}
	if len(data) != chunkSize-sumSize {
		return f, damaged("%d bytes, a chunk has %d", len(data)+sumSize, chunkSize)
	}
	for i := range f {
		f[i] = binary.BigEndian.Uint32(data[i*fingerprintSize:])
	}
	return f, nil
}
