// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"encoding/hex"
	"errors"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// HeadSummary is what a verification says about the signed tree head. It is also
// the JSON object of --json.
type HeadSummary struct {
	Size      int64  `json:"size"`
	Root      string `json:"root"`
	Log       string `json:"log"` // one of the Head constants
	RootSize  int64  `json:"root_size,omitempty"`
	Signature string `json:"signature"` // one of the Signature constants
	SignedBy  string `json:"signed_by,omitempty"`
}

// How the log compares with a tree head.
const (
	HeadAgrees      = "agrees"
	HeadDisagrees   = "disagrees"
	HeadRaced       = "agrees at another size" // see [reconcile.HeadRaced]
	HeadTooLarge    = "is shorter"
	HeadNotCompared = "not compared" // the hash of a leaf is unknown, or it is unsigned
)

// Whether the signature of a tree head is valid.
const (
	SignatureValid      = "valid"
	SignatureInvalid    = "invalid"
	SignatureNotChecked = "not checked" // there is no key
	SignatureUnsigned   = "unsigned"
)

// checkHead compares the tree head, if there is one.
func (v *verification) checkHead() error {
	if v.settings.Head == nil {
		return nil
	}
	if err := v.reconciler.CheckHead(v.settings.Head); err != nil {
		return err
	}
	head, err := tlog.ParseHead(v.settings.Head)
	v.summary.Head = &HeadSummary{Size: head.Size, Root: head.Root.String(), Log: v.compareHead(&head)}
	if v.summary.Head.Log == HeadRaced {
		v.summary.Head.RootSize = v.checkedHead.RootSize
	}
	v.summary.Head.Signature = v.classifySignature(&head, err)
	if v.summary.Head.Signature == SignatureValid {
		v.summary.Head.SignedBy = hex.EncodeToString(v.settings.Key)
	}
	return v.commit()
}

// compareHead says how the log compares with the head that was checked last, whether or
// not its signature is valid.
func (v *verification) compareHead(head *tlog.Head) string {
	switch v.checkedHead.Result {
	case reconcile.HeadMatched:
		return HeadAgrees
	case reconcile.HeadRaced:
		return HeadRaced
	case reconcile.HeadInconsistent:
		return HeadDisagrees
	case reconcile.HeadTooLarge:
		return HeadTooLarge
	case reconcile.HeadNotCompared, reconcile.HeadUnsigned:
		return HeadNotCompared
	case reconcile.HeadSignatureInvalid:
	}
	same, err := v.reconciler.HasRoot(head.Size, head.Root)
	switch {
	case same:
		return HeadAgrees
	case errors.Is(err, tlog.ErrBeyond):
		return HeadTooLarge
	case err == nil:
		return HeadDisagrees
	default:
		return HeadNotCompared
	}
}

func (v *verification) classifySignature(head *tlog.Head, parseErr error) string {
	switch {
	case errors.Is(parseErr, tlog.ErrUnsigned):
		return SignatureUnsigned
	case parseErr != nil:
		return SignatureInvalid
	case v.settings.Key == nil:
		return SignatureNotChecked
	case head.Verify(v.settings.Key) != nil:
		return SignatureInvalid
	default:
		return SignatureValid
	}
}
