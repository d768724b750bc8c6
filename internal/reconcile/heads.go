// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// head is a tree head in a state.
type head struct {
	Size      int64  `json:"size"`
	Root      string `json:"root"`
	Signature string `json:"signature"`
}

// maxReported is how many findings about heads are kept in mind.
const maxReported = 64

// CheckHead compares a signed tree head, the body of GET /tlog/head, with the
// log. A head that is larger than the log is compared once the log is as long, or
// at the latest when the grace period is over. The error says that the body is no
// head at all, which tells nothing about the log. A head with leaves before it
// whose hash cannot be read is not compared.
func (w *Reconciler) CheckHead(body []byte) error {
	parsed, err := tlog.ParseHead(body)
	if err == nil && w.settings.Key != nil {
		err = parsed.Verify(w.settings.Key)
	}
	switch {
	case errors.Is(err, tlog.ErrSignature):
		f := w.headFinding(translator.IntegrityHeadSignatureInvalid, &parsed)
		f.Message = fmt.Sprintf("The tree head of size %d and root %s cannot be relied on: %s.", parsed.Size, parsed.Root, err)
		w.report(f)
		return nil
	case err != nil:
		return err
	}
	if w.waiting == nil { // the oldest one is compared first
		w.waiting, w.expires = &parsed, w.settings.Now().Add(w.settings.Grace)
	}
	w.checkWaiting()
	return nil
}

// checkWaiting compares the head that waits, if that can be done by now.
func (w *Reconciler) checkWaiting() {
	h := w.waiting
	if h == nil {
		return
	}
	root, err := w.log.RootAt(h.Size)
	switch {
	case err == nil && root == h.Root:
		w.state.Head = &head{h.Size, h.Root.String(), hex.EncodeToString(h.Signature[:])}
		w.changed = true
	case err == nil:
		f := w.headFinding(translator.IntegrityHeadInconsistent, h)
		f.TlogRoot = root.String()
		f.Message = fmt.Sprintf("The registry signed root %s for size %d, and the transparency log beside it has root %s there: it shows different logs to different readers, or one of the two was changed.", h.Root, h.Size, root)
		w.report(f)
	case w.settings.Now().Before(w.expires):
		return
	case errors.Is(err, tlog.ErrBeyond) && w.trouble == nil && w.log.AtEnd():
		f := w.headFinding(translator.IntegrityHeadInconsistent, h)
		f.Message = fmt.Sprintf("The registry signed a tree head of size %d, and the transparency log beside it ends after %d leaves: its end is gone, or the registry shows different logs to different readers.", h.Size, w.log.Size())
		w.report(f)
	}
	w.waiting = nil
}

func (w *Reconciler) headFinding(kind string, h *tlog.Head) translator.Integrity {
	f := w.finding(kind)
	f.TlogSize, f.TlogExpectedRoot, f.Signature = h.Size, h.Root.String(), hex.EncodeToString(h.Signature[:])
	return f
}

// report makes a finding once, though the same head is fetched again and again.
func (w *Reconciler) report(f translator.Integrity) {
	f.SetUID()
	if slices.Contains(w.state.Reported, f.UID) {
		return
	}
	w.state.Reported = append(w.state.Reported, f.UID)
	if n := len(w.state.Reported); n > maxReported {
		w.state.Reported = slices.Delete(w.state.Reported, 0, n-maxReported)
	}
	w.add(f)
}
