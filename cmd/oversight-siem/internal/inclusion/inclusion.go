// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package inclusion makes proofs that a leaf is included in a transparency log,
// as documents that anybody can verify (RFC 6962, section 2.1.1).
package inclusion

import (
	"context"
	"errors"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
)

// Settings is what to prove.
type Settings struct {
	// Log is the flags that Leaves is from; errors name them.
	Log cli.TransparencyLog
	// Leaves is the path of the file with the log's leaves.
	Leaves string
	// Index is the index of the leaf, from 0.
	Index int64
	// Head is the signed tree head whose tree includes the leaf. Default: the tree
	// of all leaves that the log has.
	Head *tlog.Head
	// Served is a proof that the registry served, whose audit path is used: of the log,
	// only the leaf is read then, and the other lines may be damaged. Default: the log's
	// own hashes are used.
	Served *tlog.Proof
}

// Prove makes a proof and verifies it as its reader will. It reads the log once.
// Its error matches [cli.ErrFindings] if the leaf is corrupt, the hash of another
// leaf is unknown, or the log is not that of the tree head.
func Prove(ctx context.Context, settings Settings) (*Document, error) {
	if settings.Served != nil {
		return settings.proveServed(ctx)
	}
	size := int64(tlog.WholeLog)
	if settings.Head != nil {
		size = settings.Head.Size
	}
	proof, err := tlog.Inclusion(ctx, settings.Leaves, settings.Index, size)
	if err != nil {
		return nil, settings.explain(err, proof.Size)
	}
	if err := proof.Verify(); err != nil {
		return nil, fmt.Errorf("%w: leaf %d: %w", cli.ErrFindings, settings.Index, err)
	}
	if head := settings.Head; head != nil && head.Root != proof.Root {
		return nil, fmt.Errorf("%w: the tree head has root %s, but the log has root %s at %d leaves: run oversight-siem verify for details",
			cli.ErrFindings, head.Root, proof.Root, head.Size)
	}
	return newDocument(&proof, settings.Head, PathFromLog), nil
}

// explain says what an error means. size is the number of leaves in the tree.
func (s *Settings) explain(err error, size int64) error {
	switch {
	case errors.Is(err, tlog.ErrUnknown):
		return fmt.Errorf("%w: %w: run oversight-siem verify for details; if another leaf than %d is damaged, pass the registry's proof with --proof", cli.ErrFindings, err, s.Index)
	case !errors.Is(err, tlog.ErrBeyond):
		return s.Log.ReadError(err)
	case s.Head == nil:
		return fmt.Errorf("--index is %d: must be less than %d, the number of leaves of the log", s.Index, size)
	case s.Index >= s.Head.Size:
		return fmt.Errorf("--index is %d: must be less than %d, the number of leaves of the tree head; pass a newer tree head for a later leaf", s.Index, s.Head.Size)
	default:
		return fmt.Errorf("%w: the tree head has %d leaves, but the log has only %d", cli.ErrFindings, s.Head.Size, size)
	}
}
