// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package inclusion

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// signatureType is the type of the signature in a checkpoint's signature line
// (https://c2sp.org/signed-note): 0xff, which is for types without a byte of their own,
// and a name. A registry signs no note. It signs the JSON object {"root":…,"size":…},
// which a verifier writes from the checkpoint's text.
const signatureType = "\xffoversight-protocol tree head"

// TLogProof returns the document in the form of https://c2sp.org/tlog-proof, with the
// leaf as extra data. key is the registry's, which signed the tree head; its hex digits
// name the log, after "oversight-registry/". The error says that there is no signed head.
func (d *Document) TLogProof(key ed25519.PublicKey) ([]byte, error) {
	if d.SignedHead == nil || key == nil {
		return nil, errors.New("a tlog-proof has a checkpoint with the registry's signature: pass --head and --public-key")
	}
	signature, err := hex.DecodeString(d.SignedHead.Signature)
	if err != nil {
		return nil, err
	}
	leaf, err := d.leaf()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encode := base64.StdEncoding.EncodeToString
	fmt.Fprintf(&text, "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n", encode(leaf), d.LeafIndex)
	for _, hash := range d.AuditPath {
		fmt.Fprintln(&text, encode(hash[:]))
	}
	origin := "oversight-registry/" + hex.EncodeToString(key)
	fmt.Fprintf(&text, "\n%s\n%d\n%s\n\n", origin, d.TreeSize, encode(d.RootHash[:]))
	fmt.Fprintf(&text, "\u2014 %s %s\n", origin, encode(append(keyID(origin, key), signature...)))
	return text.Bytes(), nil
}

// leaf returns the bytes of the leaf.
func (d *Document) leaf() ([]byte, error) {
	if d.Leaf != nil {
		return []byte(*d.Leaf), nil
	}
	return hex.DecodeString(d.LeafHex)
}

// keyID is the key ID of the signature line.
func keyID(name string, key ed25519.PublicKey) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n"+signatureType), key...))
	return sum[:4]
}
