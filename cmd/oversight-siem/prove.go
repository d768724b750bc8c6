// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/spf13/pflag"

	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// proveOptions are the flags of prove as given.
type proveOptions struct {
	leavesFile
	treeHead
	index  int64
	output string
}

func (o *proveOptions) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.leavesFile.register(flags)
	flags.Int64Var(&o.index, "index", 0, "the leaf's index `N`, as tlog_index of its row says (required)")
	o.treeHead.register(flags, "\n(default: the head's signature is not checked)")
	flags.StringVar(&o.output, "output", "-", "where to: - for standard output, or a new `FILE`")
}

// plan makes of the flags what to do.
func (o *proveOptions) plan(flags *pflag.FlagSet) (*prove, error) {
	switch {
	case !flags.Changed("index"):
		return nil, errors.New("--index is missing: give the leaf's index, which is tlog_index of its row")
	case o.index < 0:
		return nil, fmt.Errorf("--index %d: there is no such leaf: give an index from 0", o.index)
	case o.output == "":
		return nil, errors.New("--output is empty: give a new file, or - for standard output")
	}
	p := &prove{proveOptions: *o}
	var err error
	if p.leaves, err = o.find(); err != nil {
		return nil, err
	}
	p.key, err = o.key()
	return p, err
}

// prove is what the flags ask for.
type prove struct {
	proveOptions
	leaves string            // path of leaves.jsonl
	key    ed25519.PublicKey // nil for none
}

func (p *prove) run(ctx context.Context, stdout, stderr io.Writer) error {
	head, err := p.signedHead(ctx)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	document, err := p.make(ctx, head)
	if err != nil {
		return orInterrupted(ctx, err)
	}
	if err := p.write(document, stdout); err != nil {
		return err
	}
	fmt.Fprintln(stderr, p.verdict(document))
	return nil
}

// signedHead returns the head to prove to; nil if there is none.
func (p *prove) signedHead(ctx context.Context) (*tlog.Head, error) {
	body, err := p.body(ctx)
	if body == nil || err != nil {
		return nil, err
	}
	head, err := tlog.ParseHead(body)
	if err == nil && p.key != nil {
		err = head.Verify(p.key)
	}
	if err != nil { // it is a head, or body would have said so
		return nil, fmt.Errorf("%w: --head %s of %d leaves: %w", errFindings, p.shownHead(), head.Size, err)
	}
	return &head, nil
}

// make makes the proof, and verifies it as its reader will.
func (p *prove) make(ctx context.Context, head *tlog.Head) (*proofDocument, error) {
	size, err := p.sizeOfLog(ctx)
	if err != nil {
		return nil, p.explain(err)
	}
	if head != nil {
		if head.Size > size {
			return nil, fmt.Errorf("%w: the head is of %d leaves, and the log has %d", errFindings, head.Size, size)
		}
		size = head.Size
	}
	if p.index >= size {
		return nil, fmt.Errorf("--index %d: the tree has %d leaves, from 0: give a lower one, or a newer head", p.index, size)
	}
	proof, err := tlog.Inclusion(ctx, p.leaves, p.index, size)
	switch {
	case errors.Is(err, tlog.ErrUnknown):
		return nil, fmt.Errorf("%w: oversight-siem verify tells more: %w", errFindings, err)
	case err != nil:
		return nil, p.explain(err)
	}
	if head != nil && head.Root != proof.Root {
		return nil, fmt.Errorf("%w: the head's root is %s, and the log's at %d leaves %s: oversight-siem verify tells more", errFindings, head.Root, size, proof.Root)
	}
	leaf, err := readLeaf(ctx, p.leaves, p.index)
	if err != nil {
		return nil, p.explain(err)
	}
	if leaf.Hash != proof.LeafHash {
		return nil, fmt.Errorf("leaf %d was changed while it was read: prove it again", p.index)
	}
	if err := proof.Verify(); err != nil {
		return nil, fmt.Errorf("%w: the proof of leaf %d does not hold: %w", errFindings, p.index, err)
	}
	return newProofDocument(&proof, leaf.Data, head), nil
}

// sizeOfLog is how many leaves there are now.
func (p *prove) sizeOfLog(ctx context.Context) (int64, error) {
	log := tlog.Open(tlog.Settings{Path: p.leaves})
	defer log.Close()
	for {
		err := log.Advance(ctx, math.MaxInt64)
		if err = errors.Join(err, ctx.Err()); err != nil || log.AtEnd() {
			return log.Size(), err
		}
	}
}

func (p *prove) write(document *proofDocument, stdout io.Writer) error {
	text, err := document.encode()
	if err != nil {
		return err
	}
	if p.output == "-" {
		_, err := stdout.Write(text)
		return writeError("standard output", err)
	}
	f, err := os.OpenFile(p.output, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("--output %s: give a file that is not there yet and can be written, or -: %w", p.output, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, closeFile(f)); err != nil {
		return fmt.Errorf("--output %s: %w", p.output, errors.Join(err, os.Remove(p.output)))
	}
	return nil
}

// verdict says what the proof is worth.
func (p *prove) verdict(d *proofDocument) string {
	text := fmt.Sprintf("[ok] proved leaf %d to the root of %d leaves", d.LeafIndex, d.TreeSize)
	switch {
	case d.SignedHead == nil:
		return text + ", which is the log as it stands: nobody has signed it, see --head"
	case p.key == nil:
		return text + " of the signed head, whose signature was not checked, see --public-key"
	default:
		return text + " that the registry's key has signed"
	}
}
