// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import "encoding/binary"

// ReviewStatus is the oversight.tlog.status because of which rows are to be checked
// again.
type ReviewStatus byte

// The statuses that another check may change.
const (
	ReviewUnavailable ReviewStatus = 1
	ReviewMissing     ReviewStatus = 2
)

// MaxReviews bounds the ranges of rows to be checked again.
const MaxReviews = 1024

const reviewSize = 8 + 8 + 1 + digestSize

// Review is a range of rows to be checked again.
type Review struct {
	// First and Last are ids.
	First, Last int64
	// Status is what the last check found.
	Status ReviewStatus
	// Digest is that of the rows, in place of their uids, under [Log.ReviewKey]. With
	// sums of 0, the uids are not known; without rows as well, the range is one of all
	// rows, because the log was rewritten, and which of them wait is not known.
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
		data = reviews[i].Digest.append(append(data, byte(reviews[i].Status)))
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
			First:  int64(binary.BigEndian.Uint64(data)),     //nolint:gosec // checked below
			Last:   int64(binary.BigEndian.Uint64(data[8:])), //nolint:gosec // checked below
			Status: ReviewStatus(data[16]), Digest: digest,
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
		if r.First <= last || r.Last < r.First || r.Status != ReviewUnavailable && r.Status != ReviewMissing {
			return damaged("range %d to %d after id %d", r.First, r.Last, last)
		}
		last = r.Last
	}
	return nil
}
