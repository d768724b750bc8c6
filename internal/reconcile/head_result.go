// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import "github.com/oversight-protocol/oversight-otelcol/internal/tlog"

// HeadResult is how a tree head compares with the log.
type HeadResult string

// The results. Only [HeadMatched] and [HeadRaced] prove something for the log, and only
// [HeadInconsistent] and [HeadSignatureInvalid] against somebody.
const (
	// HeadMatched: the log has the head's root at its size.
	HeadMatched HeadResult = "matched"
	// HeadRaced: the log has the head's root at a size nearby: the registry took size
	// and root one after the other, and the log grew in between.
	HeadRaced HeadResult = "raced"
	// HeadInconsistent: the log has the head's root at no size nearby.
	HeadInconsistent HeadResult = "inconsistent"
	// HeadTooLarge: the log has fewer leaves than the head. If it grows, the head is
	// compared later.
	HeadTooLarge HeadResult = "too_large"
	// HeadNotCompared: the log's root at the head's size is not known.
	HeadNotCompared HeadResult = "not_compared"
	// HeadUnsigned: the head has no signature and proves nothing. It is not compared.
	HeadUnsigned HeadResult = "unsigned"
	// HeadSignatureInvalid: the registry's key did not sign the head. It is not
	// compared.
	HeadSignatureInvalid HeadResult = "signature_invalid"
)

// HeadResults are all results.
func HeadResults() []HeadResult {
	return []HeadResult{
		HeadMatched, HeadRaced, HeadInconsistent, HeadTooLarge, HeadNotCompared, HeadUnsigned, HeadSignatureInvalid,
	}
}

// CheckedHead is a tree head and how it compares with the log.
type CheckedHead struct {
	tlog.Head
	Result HeadResult
	// RootSize is the size at which the log has the head's root. It counts for
	// [HeadMatched] and [HeadRaced].
	RootSize int64
}

// checked calls OnHead.
func (r *Reconciler) checked(h *tlog.Head, result HeadResult, rootSize int64) {
	if r.settings.OnHead != nil {
		r.settings.OnHead(CheckedHead{Head: *h, Result: result, RootSize: rootSize})
	}
}
