// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// tree reads the log, which must not be damaged.
func (t *tampering) tree() (*tree, error) {
	file, err := os.Open(t.log)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return buildTree(file)
}

// sign replaces the head by that of a tree, signed with key.
func (t *tampering) sign(key ed25519.PrivateKey, tree *tree) (Head, error) {
	root, err := tree.root()
	if err != nil {
		return Head{}, err
	}
	head := signHead(key, tree.size(), root)
	return head, writeHead(filepath.Dir(t.settings.Database), publicHalf(t.key), head)
}

func rewriteLog(ctx context.Context, t *tampering) (Damage, error) {
	if _, err := t.tree(); err != nil {
		return Damage{}, err // before anything is changed
	}
	d, err := t.rehash(ctx)
	if err != nil {
		return d, err
	}
	tree, err := t.tree()
	if err != nil {
		return d, err
	}
	head, err := t.sign(t.key, tree)
	d.Message += fmt.Sprintf(", and signed a new head of size %d", head.Size)
	return d, err
}

func forgeHead(_ context.Context, t *tampering) (Damage, error) {
	tree, err := t.tree()
	if err != nil {
		return Damage{}, err
	}
	head, err := t.sign(newKey(t.random.Uint64()), tree)
	return Damage{
		Message:   fmt.Sprintf("signed the head of size %d with another key", head.Size),
		FirstLeaf: -1, LastLeaf: -1,
		Findings:               []string{translator.IntegrityHeadSignatureInvalid},
		FindingsAfterPriorRead: []string{translator.IntegrityHeadSignatureInvalid},
	}, err
}

func splitHead(ctx context.Context, t *tampering) (Damage, error) {
	if _, err := t.tree(); err != nil {
		return Damage{}, err
	}
	l, row, err := t.pickLeaf(ctx)
	if err != nil {
		return Damage{}, err
	}
	data, done, err := t.alterLeaf(l, row)
	if err != nil {
		return Damage{}, err
	}
	tree, err := t.treeWith(l.index, hashLeaf(data))
	if err != nil {
		return Damage{}, err
	}
	head, err := t.sign(t.key, tree)
	return Damage{
		Message: fmt.Sprintf("signed a head of size %d for a log in which %s of leaf %d is %q instead of %q",
			head.Size, done.key, l.index, done.to, done.from),
		FirstLeaf: -1, LastLeaf: -1,
		Findings:               []string{translator.IntegrityHeadInconsistent},
		FindingsAfterPriorRead: []string{translator.IntegrityHeadInconsistent},
	}, err
}

// treeWith returns the tree of the log with another hash for one of the leaves.
func (t *tampering) treeWith(index int64, other [sha256.Size]byte) (*tree, error) {
	tree := newTree()
	err := t.scan(func(line logLine) error {
		_, hash, err := line.declared()
		if line.number == index {
			hash = other
		}
		if err != nil {
			return err
		}
		return tree.add(hash[:])
	})
	return tree, err
}
