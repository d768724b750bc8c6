// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registrygen

import (
	"crypto/ed25519"
	"errors"
	"path/filepath"
	"time"
)

// headInterval is the shortest time between two writes of the files with the head.
const headInterval = time.Second

// publisher signs heads and keeps the files that hold them up to date. A nil
// *publisher does nothing. It is not safe for concurrent use.
type publisher struct {
	dir     string
	key     ed25519.PrivateKey
	written int64     // size of the head in the file; -1: not written yet
	at      time.Time // when that was written
}

// head signs the log as it is.
func (p *publisher) head(log *leafLog) (Head, error) {
	if p == nil {
		return Head{}, errors.New("this registry has no identity to sign tree heads with: it has no log, or its database or its log was created by another program")
	}
	tree, err := log.tree()
	if err != nil {
		return Head{}, err
	}
	root, err := tree.root()
	if err != nil {
		return Head{}, err
	}
	return signHead(p.key, tree.size(), root), nil
}

// writeSometimes writes the files if there are new leaves and headInterval has passed.
func (p *publisher) writeSometimes(log *leafLog) error {
	if !p.behind(log) || time.Since(p.at) < headInterval {
		return nil
	}
	return p.write(log)
}

// writeIfBehind writes the files if there are new leaves.
func (p *publisher) writeIfBehind(log *leafLog) error {
	if !p.behind(log) {
		return nil
	}
	return p.write(log)
}

// behind reports whether there are new leaves. A damaged log is not signed, so its files
// are never behind.
func (p *publisher) behind(log *leafLog) bool {
	return p != nil && log.durable != nil && log.next != p.written
}

func (p *publisher) write(log *leafLog) error {
	head, err := p.head(log)
	if err != nil {
		return err
	}
	if err := writeHead(p.dir, publicHalf(p.key), head); err != nil {
		return err
	}
	p.written, p.at = head.Size, time.Now()
	return nil
}

// writeHead writes the files with a head.
func writeHead(dir string, key ed25519.PublicKey, head Head) error {
	return errors.Join(
		replaceFile(filepath.Join(dir, HeadFile), head.JSON(), 0o644),
		replaceFile(filepath.Join(dir, WellKnownFile), wellKnown(key, head.Size), 0o644),
	)
}
