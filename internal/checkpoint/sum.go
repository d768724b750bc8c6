// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrDamaged says that a value is not what was written. Errors of all Decode
// functions match it, except for a [VersionError].
var ErrDamaged = errors.New("damaged value")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Sum is the checksum of a value: a CRC-32C (RFC 3720, B.4). A binary value ends
// with its four bytes, big-endian. A JSON object ends with the member "crc32c",
// eight hex digits, over all bytes before the comma in front of it.
func Sum(data []byte) uint32 { return crc32.Checksum(data, castagnoli) }

const sumSize = 4

func appendSum(data []byte) []byte { return binary.BigEndian.AppendUint32(data, Sum(data)) }

// cutSum returns the bytes before the checksum.
func cutSum(data []byte) ([]byte, error) {
	n := len(data) - sumSize
	if n < 1 || // four zero bytes would be the checksum of nothing
		binary.BigEndian.Uint32(data[n:]) != Sum(data[:n]) {
		return nil, damaged("wrong checksum")
	}
	return data[:n], nil
}

const (
	sumMember = `,"crc32c":"`
	sumEnd    = `"}`
	sumLength = len(sumMember) + 2*sumSize + len(sumEnd)
)

// appendSumMember adds the checksum to a JSON object that is not empty.
func appendSumMember(object []byte) []byte {
	object = object[:len(object)-1] // without the closing brace
	var sum [sumSize]byte
	binary.BigEndian.PutUint32(sum[:], Sum(object))
	object = append(object, sumMember...)
	object = hex.AppendEncode(object, sum[:])
	return append(object, sumEnd...)
}

// checkSumMember checks the checksum of a JSON object.
func checkSumMember(data []byte) error {
	n := len(data) - sumLength
	if n < 1 {
		return damaged("no checksum")
	}
	var sum [sumSize]byte
	binary.BigEndian.PutUint32(sum[:], Sum(data[:n]))
	if string(data[n:]) != sumMember+hex.EncodeToString(sum[:])+sumEnd {
		return damaged("wrong checksum")
	}
	return nil
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
