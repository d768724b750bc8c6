// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package tlog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/transparency-dev/merkle/rfc6962"
)

// Hash is a node of the tree: a SHA-256. Hashes are compared with ==.
type Hash [sha256.Size]byte

// leafPrefix stands before what is hashed of a leaf (RFC 6962, 2.1), so that no
// leaf can pass for a node.
const leafPrefix = rfc6962.RFC6962LeafHashPrefix

// String is 64 hex digits, in lower case.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String, for JSON.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText is ParseHash, for JSON.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// ParseHash parses what String writes, and nothing else: 64 hex digits in lower
// case.
func ParseHash(text string) (Hash, error) {
	var h Hash
	if len(text) != 2*len(h) || !decodeHex(h[:], text) {
		return Hash{}, fmt.Errorf("%.80q is no hash, which has %d hex digits in lower case", text, 2*len(h))
	}
	return h, nil
}
