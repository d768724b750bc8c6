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
	// MaxReviews bounds the ranges of rows to be checked again.
	MaxReviews = 1024

	digestSize     = 4 + 8 + 8
	digestPageSize = PageDigests*digestSize + sumSize
	reviewSize     = 8 + 8 + 1 + digestSize
	maxBackground  = 4 << 10
)

// Digest sums up rows. With h the first 8 bytes, big-endian, of an HMAC-SHA-256
// under [Background.Key] over a row's uid, modulo [Prime]: where one row was
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

// Verdict is why rows are checked again.
type Verdict byte

// The verdicts that another check may change.
const (
	VerdictUnavailable Verdict = 1
	VerdictMissing     Verdict = 2
)

// Review is a range of rows to be checked again.
type Review struct {
	// First and Last are ids.
	First, Last int64
	Verdict     Verdict
	// Digest is that of the rows, in place of their uids.
	Digest Digest
}

// EncodeReviews returns the value of [ReviewKey]: ranges in the order of their
// ids that do not overlap, from one to [MaxReviews]. Where there are none, the key is
// deleted.
func EncodeReviews(reviews []Review) ([]byte, error) {
	data := make([]byte, 0, len(reviews)*reviewSize+sumSize)
	for i := range reviews {
		data = binary.BigEndian.AppendUint64(data, uint64(reviews[i].First)) //nolint:gosec // checked below
		data = binary.BigEndian.AppendUint64(data, uint64(reviews[i].Last))  //nolint:gosec // checked below
		data = reviews[i].Digest.append(append(data, byte(reviews[i].Verdict)))
	}
	if err := checkReviews(reviews); err != nil {
		return nil, err
	}
	return appendSum(data), nil
}

// DecodeReviews reads the value of [ReviewKey].
func DecodeReviews(data []byte) ([]Review, error) {
	data, err := cutSum(data)
	if err != nil {
		return nil, err
	}
	if len(data)%reviewSize != 0 {
		return nil, damaged("%d bytes, not a multiple of %d", len(data), reviewSize)
	}
	reviews := make([]Review, 0, len(data)/reviewSize)
	for ; len(data) > 0; data = data[reviewSize:] {
		digest, err := digestAt(data[17:])
		if err != nil {
			return nil, err
		}
		reviews = append(reviews, Review{
			First:   int64(binary.BigEndian.Uint64(data)),     //nolint:gosec // checked below
			Last:    int64(binary.BigEndian.Uint64(data[8:])), //nolint:gosec // checked below
			Verdict: Verdict(data[16]), Digest: digest,
		})
	}
	return reviews, checkReviews(reviews)
}

func checkReviews(reviews []Review) error {
	if len(reviews) < 1 || len(reviews) > MaxReviews {
		return damaged("%d ranges, from 1 to %d are allowed", len(reviews), MaxReviews)
	}
	last := int64(0)
	for i := range reviews {
		r := &reviews[i]
		if r.First <= last || r.Last < r.First || r.Verdict != VerdictUnavailable && r.Verdict != VerdictMissing {
			return damaged("range %d to %d after id %d", r.First, r.Last, last)
		}
		last = r.Last
	}
	return nil
}
