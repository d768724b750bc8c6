// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package checkpoint_test

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

// FuzzDecode reads anything as every part, with the checksum that belongs to it in
// both forms. What is accepted is written in one form only.
func FuzzDecode(f *testing.F) {
	all := codecs()
	for _, c := range all {
		f.Add(c.value)
		f.Add(c.value[:len(c.value)-4])
		if n := len(c.value) - 22; n > 0 {
			f.Add(append(append([]byte(nil), c.value[:n]...), '}'))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, sealed := range [][]byte{data, sealedBinary(data), sealedObject(data)} {
			for name, c := range all {
				once, err := c.decode(sealed)
				if err != nil {
					continue
				}
				twice, err := c.decode(once)
				if err != nil || string(once) != string(twice) {
					t.Errorf("%s: %q is read as %q and then as %q: %v", name, sealed, once, twice, err)
				}
			}
		}
	})
}

func sealedBinary(data []byte) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), data...), checkpoint.Sum(data))
}

func sealedObject(data []byte) []byte {
	if len(data) == 0 {
		return data
	}
	data = data[:len(data)-1]
	sum := binary.BigEndian.AppendUint32(nil, checkpoint.Sum(data))
	return append(append([]byte(nil), data...), `,"crc32c":"`+hex.EncodeToString(sum)+`"}`...)
}
