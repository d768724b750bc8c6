// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// CheckHead compares a signed tree head, the body of GET /tlog/head, with the
// log. A head that is larger than the log is compared once the log is as long, or
// at the latest when the grace period is over. It returns an
// error for a body that is not a tree head, which proves nothing about the log. A
// head with leaves before it whose hash cannot be read is not compared.
func (r *Reconciler) CheckHead(body []byte) error {
	parsed, err := tlog.ParseHead(body)
	if err == nil && r.settings.Key != nil {
		err = parsed.Verify(r.settings.Key)
	}
	switch {
	case errors.Is(err, tlog.ErrSignature):
		f := r.headFinding(translator.IntegrityHeadSignatureInvalid, &parsed)
		f.Message = fmt.Sprintf("The tree head of size %d and root %s cannot be trusted: %s.", parsed.Size, parsed.Root, err)
		r.addOnce(f)
		return nil
	case err != nil:
		return err
	}
	if r.pendingHead == nil { // the oldest one is compared first
		r.pendingHead, r.pendingHeadDeadline = &parsed, r.settings.Now().Add(r.settings.Grace)
	}
	r.comparePendingHead()
	return nil
}

// comparePendingHead compares the pending head if the log is long enough now.
func (r *Reconciler) comparePendingHead() {
	h := r.pendingHead
	if h == nil {
		return
	}
	root, err := r.log.RootAt(h.Size)
	switch {
	case err == nil && root == h.Root:
		r.state.Heads = []checkpoint.Head{{Size: h.Size, Root: h.Root.String(), Signature: hex.EncodeToString(h.Signature[:])}}
		r.dirty = true
	case err == nil:
		f := r.headFinding(translator.IntegrityHeadInconsistent, h)
		f.TlogRoot = root.String()
		f.Message = fmt.Sprintf("The registry signed root %s for size %d, but the transparency log has root %s at that size: the registry shows different logs to different readers, or one of the two was changed.", h.Root, h.Size, root)
		r.addOnce(f)
	case r.settings.Now().Before(r.pendingHeadDeadline):
		return
	case errors.Is(err, tlog.ErrBeyond) && r.lastErr == nil && r.log.AtEnd():
		f := r.headFinding(translator.IntegrityHeadInconsistent, h)
		f.Message = fmt.Sprintf("The registry signed a tree head of size %d, but the transparency log has only %d leaves: the end of the log was removed, or the registry shows different logs to different readers.", h.Size, r.log.Size())
		r.addOnce(f)
	}
	r.pendingHead = nil
}

func (r *Reconciler) headFinding(kind string, h *tlog.Head) translator.Integrity {
	f := r.finding(kind)
	f.TlogSize, f.TlogExpectedRoot, f.Signature = h.Size, h.Root.String(), hex.EncodeToString(h.Signature[:])
	return f
}

// addOnce adds a finding unless it was made before, since the same head is fetched
// many times.
func (r *Reconciler) addOnce(f translator.Integrity) {
	f.SetUID()
	if slices.Contains(r.state.Reported, f.UID) {
		return
	}
	r.state.Reported = append(r.state.Reported, f.UID)
	if n := len(r.state.Reported); n > checkpoint.MaxReported {
		r.state.Reported = slices.Delete(r.state.Reported, 0, n-checkpoint.MaxReported)
	}
	r.add(f)
}
