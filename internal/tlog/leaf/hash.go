// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package leaf

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/transparency-dev/merkle/rfc6962"
)

// Hash is the SHA-256 hash of a leaf or of another node of the tree. Hashes are
// compared with ==.
type Hash [sha256.Size]byte

// prefix stands before what is hashed of a leaf (RFC 6962, 2.1), so that no leaf
// can have the hash of an inner node.
const prefix = rfc6962.RFC6962LeafHashPrefix

// String returns 64 hex digits in lower case.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns what String does. It never fails.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText is [ParseHash].
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// ParseHash parses 64 hex digits in lower case. Anything else is an error.
func ParseHash(text string) (Hash, error) {
	var h Hash
	if !DecodeHex(h[:], text) {
		return Hash{}, fmt.Errorf("%.80q is not a hash: must be %d lower-case hex digits", text, 2*len(h))
	}
	return h, nil
}
