// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// heads is what is known of the registry's tree heads beside the checkpoint.
type heads struct {
	pending *pendingHead // to be compared when the log is as long
	watch   headWatch
}

// pendingHead is a tree head that cannot be compared yet.
type pendingHead struct {
	tlog.Head
	deadline time.Time // for the log to be as long
	reported bool      // that it was not
	short    bool      // the log was shorter when it was read after the head had come
	search   rootSearch
}

// CheckHead compares a signed tree head, the body of GET /tlog/head, with the
// log. A head that is larger than the log is compared once the log is as long; that it
// cannot be compared is reported when the grace period is over. With Settings.Audit
// nothing waits. Settings.OnHead is told the result.
//
// It returns an error for a body that is not a tree head, which proves nothing about
// the log.
//
// What is wrong with heads is a finding once, as long as it lasts: it is over when
// [headsWithout] heads in a row do not have it. With Settings.Audit, each head has
// its own.
func (r *Reconciler) CheckHead(body []byte) error {
	parsed, err := tlog.ParseHead(body)
	if err == nil && r.settings.Key != nil {
		err = parsed.Verify(r.settings.Key)
	}
	switch {
	case errors.Is(err, tlog.ErrUnsigned):
		r.heads.watch.unsigned = r.settings.Now()
		r.checked(&parsed, HeadUnsigned, 0)
		return nil
	case errors.Is(err, tlog.ErrSignature):
		f := r.headFinding(translator.IntegrityHeadSignatureInvalid, &parsed)
		f.Message = fmt.Sprintf("The tree head of size %d and root %s cannot be trusted: %s.", parsed.Size, parsed.Root, err)
		r.heads.watch.invalid = r.settings.Now()
		r.reportHeads("", f)
		r.checked(&parsed, HeadSignatureInvalid, 0)
		return nil
	case err != nil:
		return err
	}
	r.headsWithout(translator.IntegrityHeadSignatureInvalid, "")
	r.watchSize(&parsed)
	r.receiveHead(&pendingHead{Head: parsed, deadline: r.settings.Now().Add(r.settings.Grace)})
	return nil
}

// receiveHead compares a head. If that is not possible yet, it becomes the pending one,
// unless there is one already: the oldest is compared first. The pending one is given
// up for a smaller head that came later, which a registry that grows does not send.
func (r *Reconciler) receiveHead(h *pendingHead) {
	r.comparePendingHead()
	pending := r.heads.pending
	if !r.compareHead(h) && (pending == nil || h.Size < pending.Size) {
		r.heads.pending = h
	}
}

// comparePendingHead compares the pending head if the log is long enough now.
func (r *Reconciler) comparePendingHead() {
	if h := r.heads.pending; h != nil && r.compareHead(h) {
		r.heads.pending = nil
	}
}

// noteShortLog notes that the log was shorter than the pending head when it was read to
// its end after the head had come. A registry signs what it has written, unless it could
// not write: then the leaf is in its memory only, and another one takes its place after
// a restart.
func (r *Reconciler) noteShortLog() {
	if h := r.heads.pending; h != nil && !r.logUnsettled() && r.log.AtEnd() {
		h.short = h.short || h.Size > r.log.Size()
	}
}

// compareHead compares a head with the log. It reports false for one that is to be
// compared again later.
func (r *Reconciler) compareHead(h *pendingHead) (done bool) {
	same, root, err := r.log.CompareRoot(h.Size, h.Root)
	if same {
		r.headMatched(h, HeadMatched, h.Size)
		return true
	}
	if r.logUnsettled() {
		return false
	}
	if size, found := h.search.run(r.log, &h.Head); found {
		r.headMatched(h, HeadRaced, size)
		return true
	}
	switch {
	case r.mayStillGrow(h, err):
		return false
	case err == nil && h.short:
		r.headOfAnotherPast(h, root)
	case err == nil && !h.search.unknown:
		r.headInconsistent(h, root)
	case errors.Is(err, tlog.ErrBeyond):
		r.headTooLarge(h)
		return r.settings.Audit
	default:
		r.headNotCompared(h)
	}
	return true
}

// logUnsettled reports whether what is not known of the log may be known soon: the file
// cannot be read, or is being verified again.
func (r *Reconciler) logUnsettled() bool {
	_, reverifying := r.log.Reverification()
	return !r.settings.Audit && (reverifying || r.lastErr != nil)
}

// mayStillGrow reports whether a head that differs, or whose root is not known because of
// the error, is to be compared again: the log may grow to the size whose root it is.
func (r *Reconciler) mayStillGrow(h *pendingHead, err error) bool {
	switch {
	case r.settings.Audit, h.search.complete(&h.Head):
		return false
	case r.settings.Now().Before(h.deadline):
		return true
	default:
		return !errors.Is(err, tlog.ErrUnknown) && !r.log.AtEnd()
	}
}

// headMatched keeps a head whose root is the log's at a size.
func (r *Reconciler) headMatched(h *pendingHead, result HeadResult, size int64) {
	r.headsWithout(translator.IntegrityHeadInconsistent, "")
	r.headsWithout(translator.IntegrityHeadNotCompared, "")
	r.keepHead(&h.Head, size)
	r.checked(&h.Head, result, size)
}

// keepHead keeps a head for the checkpoint. One of a race does not replace the last one
// that others can verify.
func (r *Reconciler) keepHead(h *tlog.Head, size int64) {
	kept := checkpoint.Head{Size: size, Root: h.Root.String(), Signature: hex.EncodeToString(h.Signature[:])}
	switch last := r.SignedHead(); {
	case size == h.Size:
		r.state.Heads = []checkpoint.Head{kept}
	case h.Size == 0: // SignedSize cannot say so
		return
	default:
		kept.SignedSize = h.Size
		r.state.Heads = nil
		if last != nil {
			r.state.Heads = append(r.state.Heads, *last)
		}
		r.state.Heads = append(r.state.Heads, kept)
	}
	r.dirty = true
}

// SignedHead is the last tree head that matched the log and that others can verify as
// it stands: the registry signed its size and root. nil: there was none.
func (r *Reconciler) SignedHead() *checkpoint.Head {
	for i := len(r.state.Heads) - 1; i >= 0; i-- {
		if head := r.state.Heads[i]; head.SignedSize == 0 {
			return &head
		}
	}
	return nil
}

func (r *Reconciler) headInconsistent(h *pendingHead, root tlog.Hash) {
	f := r.headFinding(translator.IntegrityHeadInconsistent, &h.Head)
	f.TlogRoot = root.String()
	f.Message = fmt.Sprintf("The registry signed root %s for size %d, but the transparency log has root %s at that size, and the signed root at no size within %d leaves of it: the registry shows different logs to different readers, or one of the two was changed.", h.Root, h.Size, root, maxRace)
	r.reportHeads("", f)
	r.headsWithout(translator.IntegrityHeadNotCompared, "")
	r.checked(&h.Head, HeadInconsistent, 0)
}

// Reasons why heads are not compared, in the checkpoint.
const (
	notComparedShort   = "log_too_short"
	notComparedPast    = "log_was_too_short"
	notComparedUnknown = "root_unknown"
)

// headTooLarge reports once that the log is shorter than a head. That has innocent
// causes: a registry that could not write a leaf has it in memory all the same, and
// signs it, and a copy of the log may be older than the head.
func (r *Reconciler) headTooLarge(h *pendingHead) {
	if h.reported {
		return
	}
	h.reported = true
	f := r.headFinding(translator.IntegrityHeadNotCompared, &h.Head)
	f.Message = fmt.Sprintf("The registry signed a tree head of size %d, but the transparency log has only %d leaves: the registry could not write to its log, as on a full disk, this copy of the log is old, or the end of the log was removed. Which one is not proven.", h.Size, r.log.Size())
	r.notCompared(h, notComparedShort, HeadTooLarge, f)
}

// headOfAnotherPast reports a head that differs and came when the log was shorter.
func (r *Reconciler) headOfAnotherPast(h *pendingHead, root tlog.Hash) {
	f := r.headFinding(translator.IntegrityHeadNotCompared, &h.Head)
	f.TlogRoot = root.String()
	f.Message = fmt.Sprintf("The registry signed root %s for size %d when the transparency log was shorter, and now the log has root %s at that size: the registry could not write to its log and was restarted since, or the log was changed. Which one is not proven; the next heads are compared.", h.Root, h.Size, root)
	r.notCompared(h, notComparedPast, HeadNotCompared, f)
}

func (r *Reconciler) headNotCompared(h *pendingHead) {
	f := r.headFinding(translator.IntegrityHeadNotCompared, &h.Head)
	f.Message = fmt.Sprintf("The registry's tree head of size %d cannot be compared with the transparency log: the hash of a leaf before it is not known, or the indexes of the log's lines have gaps or another order, as after a full disk or where lines were removed or moved. Whether the registry shows the same log to others is not checked.", h.Size)
	r.notCompared(h, notComparedUnknown, HeadNotCompared, f)
}

func (r *Reconciler) notCompared(h *pendingHead, reason string, result HeadResult, f translator.Integrity) {
	r.reportHeads(reason, f)
	r.headsWithout(translator.IntegrityHeadNotCompared, reason)
	r.checked(&h.Head, result, 0)
}

func (r *Reconciler) headFinding(kind string, h *tlog.Head) translator.Integrity {
	f := r.finding(kind)
	f.TlogSize, f.TlogExpectedRoot, f.Signature = h.Size, h.Root.String(), hex.EncodeToString(h.Signature[:])
	return f
}
