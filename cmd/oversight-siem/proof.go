// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// proofDocument is an inclusion proof as anybody can verify it (RFC 6962, 2.1.1).
// Hashes are in hex.
type proofDocument struct {
	LeafIndex int64       `json:"leaf_index"`
	TreeSize  int64       `json:"tree_size"`
	LeafHash  tlog.Hash   `json:"leaf_hash"`
	AuditPath []tlog.Hash `json:"audit_path"`
	RootHash  tlog.Hash   `json:"root_hash"`
	// Leaf is what LeafHash is of, after a zero byte. Leaves that are no text,
	// which no registry writes, are in LeafHex instead.
	Leaf    *string `json:"leaf,omitempty"`
	LeafHex string  `json:"leaf_hex,omitempty"`
	// SignedHead is null if the proof is to no head.
	SignedHead *headDocument `json:"signed_head"`
}

// headDocument is a signed tree head as registries publish it.
type headDocument struct {
	Size          int64     `json:"size"`
	Root          tlog.Hash `json:"root"`
	Signature     string    `json:"signature"`
	SignedMessage string    `json:"signed_message"`
}

func newProofDocument(proof *tlog.Proof, leaf []byte, head *tlog.Head) *proofDocument {
	d := &proofDocument{
		LeafIndex: proof.Index, TreeSize: proof.Size, LeafHash: proof.LeafHash, RootHash: proof.Root,
		AuditPath: append([]tlog.Hash{}, proof.Hashes...), // [] for a tree of one leaf, not null
	}
	if utf8.Valid(leaf) {
		text := string(leaf)
		d.Leaf = &text
	} else {
		d.LeafHex = hex.EncodeToString(leaf)
	}
	if head != nil {
		d.SignedHead = &headDocument{head.Size, head.Root, hex.EncodeToString(head.Signature[:]), string(head.Message())}
	}
	return d
}

func (d *proofDocument) encode() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(d)
	return text.Bytes(), err
}
