// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package inclusion

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"unicode/utf8"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Document is an inclusion proof as a JSON object. Hashes are in hex.
type Document struct {
	LeafIndex int64       `json:"leaf_index"`
	TreeSize  int64       `json:"tree_size"`
	LeafHash  tlog.Hash   `json:"leaf_hash"`
	AuditPath []tlog.Hash `json:"audit_path"`      // from the leaf upwards
	PathFrom  string      `json:"audit_path_from"` // one of the PathFrom constants
	RootHash  tlog.Hash   `json:"root_hash"`
	// Leaf is what LeafHash is the hash of, after a zero byte. A leaf that is not
	// valid UTF-8, which no registry writes, is in LeafHex instead.
	Leaf    *string `json:"leaf,omitempty"`
	LeafHex string  `json:"leaf_hex,omitempty"`
	// SignedHead is null if the proof is not about a signed tree.
	SignedHead *SignedHead `json:"signed_head"`
}

// SignedHead is a signed tree head as registries publish it.
type SignedHead struct {
	Size          int64     `json:"size"`
	Root          tlog.Hash `json:"root"`
	Signature     string    `json:"signature"`
	SignedMessage string    `json:"signed_message"`
}

// Where the hashes of an audit path are from.
const (
	// PathFromLog: from the lines of the log, as each declares the hash of its leaf.
	PathFromLog = "transparency_log"
	// PathFromRegistry: from a proof that the registry served.
	PathFromRegistry = "registry_proof"
)

func newDocument(proof *tlog.Proof, head *tlog.Head, pathFrom string) *Document {
	d := &Document{
		PathFrom:  pathFrom,
		LeafIndex: proof.Index, TreeSize: proof.Size, LeafHash: proof.LeafHash, RootHash: proof.Root,
		AuditPath: append([]tlog.Hash{}, proof.Hashes...), // [] for a tree of one leaf, not null
	}
	if utf8.Valid(proof.Leaf) {
		text := string(proof.Leaf)
		d.Leaf = &text
	} else {
		d.LeafHex = hex.EncodeToString(proof.Leaf)
	}
	if head != nil {
		d.SignedHead = &SignedHead{head.Size, head.Root, hex.EncodeToString(head.Signature[:]), string(head.Message())}
	}
	return d
}

// Encode returns the document as indented JSON that ends with a line end.
func (d *Document) Encode() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(d)
	return translator.EscapeLine(text.Bytes(), 0), err // a leaf has text from strangers
}
