// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
)

// Files beside the database, with what a registry serves over HTTP.
const (
	// HeadFile holds the signed tree head: what GET /tlog/head answers.
	HeadFile = "signed-head.json"
	// WellKnownFile holds the registry's public key, ed25519_pub in hex: what
	// GET /.well-known/oversight-registry answers.
	WellKnownFile = "well-known.json"
)

// Head is a signed tree head: the registry's signed statement of the log's size and root.
type Head struct {
	Size      int64             // leaves that the root is over
	Root      [sha256.Size]byte // RFC 6962, 2.1
	Signature []byte            // Ed25519, over Message
}

// signHead signs a root over size leaves.
func signHead(key ed25519.PrivateKey, size int64, root [sha256.Size]byte) Head {
	h := Head{Size: size, Root: root}
	h.Signature = ed25519.Sign(key, h.Message())
	return h
}

// Message returns what is signed: an object of root and size, in the form of RFC 8785.
func (h Head) Message() []byte {
	return fmt.Appendf(nil, `{"root":"%x","size":%d}`, h.Root, h.Size)
}

// JSON returns the head as registries publish it.
func (h Head) JSON() []byte {
	return fmt.Appendf(nil, `{"size": %d, "root": "%x", "signature": "%x", "signed_message": %q}`,
		h.Size, h.Root, h.Signature, h.Message())
}

// wellKnown returns what a registry publishes about itself. The version is that of the
// registry that this package imitates.
func wellKnown(key ed25519.PublicKey, size int64) []byte {
	return fmt.Appendf(nil, `{"ed25519_pub":"%x","version":"0.2.1","jurisdiction":"GLOBAL","tlog_size":%d}`, key, size)
}
