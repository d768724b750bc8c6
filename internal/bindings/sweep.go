// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"context"
	"errors"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

const (
	// sweepManifests is how many manifests are read together: 2 MB at most. A sweep reads
	// for sweepTime, and goes on after sweepInterval: 0.5% of a core.
	sweepManifests = 16
	sweepTime      = 5 * time.Millisecond
	sweepInterval  = time.Second
	// sweepPause is the time from the end of a sweep to the next one.
	sweepPause = time.Minute
)

// sweep reads all manifests, over and over: whoever takes a token over cannot change the
// manifest that listed it before, which its issuer signed.
type sweep struct {
	position int64 // of the last manifest that was read
	next     time.Time
}

// Sweep reads some more manifests, if it is time to, and checks the tokens that they list.
func (c *Checker) Sweep(ctx context.Context) []Finding {
	now := c.now()
	if now.Before(c.sweep.next) {
		return nil
	}
	var findings []Finding
	done := false
	c.err = nil
	for end := time.Now().Add(sweepTime); !done && time.Now().Before(end) && c.err == nil; {
		var found []Finding
		found, done = c.sweepStep(ctx)
		findings = append(findings, found...)
	}
	if c.sweep.next = now.Add(sweepInterval); done || c.err != nil {
		c.sweep.next = now.Add(sweepPause)
	}
	return findings
}

// SweepNext reads the next manifests, whatever the time; done says that they were the last
// ones, and the next call begins again.
func (c *Checker) SweepNext(ctx context.Context) (findings []Finding, done bool, err error) {
	c.err = nil
	findings, done = c.sweepStep(ctx)
	return findings, done, errors.Join(ctx.Err(), c.err)
}

// sweepStep reads the next manifests; done says that they were the last ones.
func (c *Checker) sweepStep(ctx context.Context) (findings []Finding, done bool) {
	var last int64
	err := c.read(ctx, func(q *registry.Registrations) error {
		findings, done, last = nil, false, 0
		manifests, err := q.Manifests(c.sweep.position, sweepManifests)
		if err != nil {
			return err
		}
		for i := range manifests {
			found, err := c.checkManifest(q, &manifests[i])
			if err != nil {
				return err
			}
			findings = append(findings, found...)
			last = manifests[i].Position
		}
		done = len(manifests) < sweepManifests
		return nil
	})
	if err != nil {
		return nil, false
	}
	if c.sweep.position = last; done {
		c.sweep.position = 0
	}
	return c.reported.filter(findings), done
}

// checkManifest checks the tokens that a manifest lists. Only where one does not belong to
// its document any more, the signature is checked.
func (c *Checker) checkManifest(q *registry.Registrations, stored *registry.Manifest) (findings []Finding, err error) {
	fields, ok := decodeManifest(stored.JSON)
	if !ok {
		return nil, nil
	}
	m, ok := manifestOf(fields)
	if !ok {
		return nil, nil
	}
	for _, id := range m.tokens {
		token, ok, err := q.Token(id)
		switch {
		case err != nil:
			return nil, err
		case !ok || token.FileID == stored.FileID && m.names(token.RecipientID, token.IssuerID):
			continue
		}
		found, err := c.checkToken(q, stored.FileID, id)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}
