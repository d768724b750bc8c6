// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package inclusion

import (
	"context"
	"errors"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// errAgain says that two responses of a registry do not fit, which is no finding: public
// registries make them while the log grows.
var errAgain = errors.New("the registry may have appended to its log in between: request both again")

// proveServed proves with the audit path that the registry served.
func (s *Settings) proveServed(ctx context.Context) (*Document, error) {
	proof := *s.Served
	if proof.Index != s.Index {
		return nil, fmt.Errorf("--proof is the proof of leaf %d, not of --index %d", proof.Index, s.Index)
	}
	if head := s.Head; head != nil {
		if err := s.fitHead(); err != nil {
			return nil, err
		}
		proof.Size, proof.Root = head.Size, head.Root
	} else if err := proof.Verify(); err != nil {
		return nil, fmt.Errorf("--proof does not lead to the root that it states: %w", errAgain)
	}
	var err error
	if proof.Leaf, err = s.findLeaf(ctx, proof.LeafHash); err != nil {
		return nil, err
	}
	return newDocument(&proof, s.Head, PathFromRegistry), nil
}

// fitHead checks that the served proof leads to the root of the tree head.
func (s *Settings) fitHead() error {
	proof, head := *s.Served, s.Head
	stated := proof
	proof.Size, proof.Root = head.Size, head.Root
	switch {
	case proof.Verify() == nil:
		return nil
	case s.Index >= head.Size:
		return fmt.Errorf("--index is %d: must be less than %d, the number of leaves of the tree head; pass a newer tree head", s.Index, head.Size)
	case stated.Size == head.Size && stated.Verify() == nil:
		return fmt.Errorf("%w: the tree head has root %s, but --proof leads to root %s of a tree of the same size, %d leaves",
			cli.ErrFindings, head.Root, stated.Root, head.Size)
	default:
		return fmt.Errorf("--proof is of a tree of %d leaves, and does not fit the tree head with %d leaves: %w", stated.Size, head.Size, errAgain)
	}
}
