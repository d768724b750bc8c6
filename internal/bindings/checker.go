// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package bindings

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// Source is where registrations are read: a [registry.Reader].
type Source interface {
	// Registrations is [registry.Reader.Registrations].
	Registrations(ctx context.Context, fn func(*registry.Registrations) error) error
}

// Finding is a binding that is wrong, or a document that was registered again.
type Finding struct {
	translator.Integrity
	// Row is the index of the row that it is about, of those that were passed to
	// [Checker.Check]; -1 for none of them.
	Row int
}

// Counts is how many rows with a document were checked.
type Counts struct {
	// Checked rows have a recipient and an issuer that a signed manifest or a `register`
	// leaf names for their document. NotChecked ones have others, or there is neither.
	Checked, NotChecked int64
}

const (
	// maxConfirmed, maxUnnamed and maxManifests bound what is kept of rows and manifests
	// that were checked: some 3 MB and, where manifests are as long as can be, 30 MB.
	maxConfirmed = 1 << 16
	maxUnnamed   = 1 << 14
	maxManifests = 1 << 7
	// retryAfter is how long a row that nothing names is not looked up again.
	retryAfter = time.Minute
)

// Checker checks whom tokens belong to. It is not safe for concurrent use.
type Checker struct {
	// Counts is of all rows so far.
	Counts Counts
	// CaughtUp says that all leaves that the log has were passed to AddLeaf.
	CaughtUp bool
	// Timeout is how long a call of Check waits for the registrations; 0 is as long as its
	// context allows.
	Timeout time.Duration

	source    Source
	now       func() time.Time
	registers *registerIndex
	confirmed recentSet         // rows that are named
	unnamed   recent[time.Time] // rows that are not, and until when
	manifests recent[cachedManifest]
	sweep     sweep
	reported  reported
	err       error // of the last read of the source

	missing []missingRow // of one call of Check
}

// missingRow is a row whose binding is not known, the first of those with the same.
type missingRow struct {
	binding uint64
	row     int
	count   int64
}

// cachedManifest is what was read of a document's registration.
type cachedManifest struct {
	position int64 // another registration has another one
	manifest manifest
	ok       bool
}

// New returns a Checker. saved is what [Checker.Save] returned.
func New(source Source, saved []byte, now func() time.Time) *Checker {
	return &Checker{
		source: source, now: now, registers: newRegisterIndex(),
		confirmed: newRecentSet(maxConfirmed), unnamed: newRecent[time.Time](maxUnnamed),
		manifests: newRecent[cachedManifest](maxManifests), reported: newReported(saved),
	}
}

// Save returns what was reported, so that it is not again after a restart.
func (c *Checker) Save() []byte { return c.reported.encode() }

// Err says why registrations cannot be read: it matches [registry.ErrNoRegistrations] if
// the database has none; nil if they can.
func (c *Checker) Err() error { return c.err }

// Check checks the rows that name a document. Its findings are about single rows, or
// tokens of theirs.
func (c *Checker) Check(ctx context.Context, events []translator.Event) []Finding {
	c.missing = c.missing[:0]
	var queued map[uint64]int // their indexes in missing
	now := c.now()
	for i := range events {
		e := &events[i]
		if e.FileID == "" || e.Long != nil {
			continue
		}
		binding := c.registers.hash(e.TokenID, e.FileID, e.RecipientID, e.IssuerID)
		if c.confirmed.contains(binding) {
			c.Counts.Checked++
			continue
		}
		c.Counts.NotChecked++
		if first, ok := queued[binding]; ok {
			c.missing[first].count++
			continue
		}
		if until, ok := c.unnamed.get(binding); ok && now.Before(until) {
			continue
		}
		if queued == nil {
			queued = map[uint64]int{}
		}
		queued[binding] = len(c.missing)
		c.missing = append(c.missing, missingRow{binding: binding, row: i, count: 1})
	}
	if len(c.missing) == 0 {
		return nil
	}
	return c.lookUp(ctx, events)
}

// lookUp looks up the bindings that are not known.
func (c *Checker) lookUp(ctx context.Context, events []translator.Event) []Finding {
	named := make([]bool, len(c.missing))
	wrong := make([]bool, len(c.missing))
	var findings []Finding
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	err := c.read(ctx, func(q *registry.Registrations) (err error) {
		findings = findings[:0]
		for i, m := range c.missing {
			var found []Finding
			if named[i], found, err = c.checkRow(q, &events[m.row], m.row); err != nil {
				return err
			}
			findings = append(findings, found...)
			if wrong[i] = isAboutRow(found); !wrong[i] {
				continue
			}
			if found, err = c.checkSameRows(q, events, m); err != nil {
				return err
			}
			findings = append(findings, found...)
		}
		return nil
	})
	for i, m := range c.missing {
		if e := &events[m.row]; err != nil { // a leaf may name it
			named[i] = c.registers.names(e.FileID, e.RecipientID, e.IssuerID)
		}
		switch {
		case named[i]:
			c.confirmed.add(m.binding)
			c.Counts.Checked += m.count
			c.Counts.NotChecked -= m.count
		case err == nil && !wrong[i]:
			c.unnamed.put(m.binding, c.now().Add(retryAfter))
		}
	}
	if err != nil {
		return nil
	}
	return c.reported.filter(findings)
}

// checkSameRows returns the findings about the other rows with the same wrong binding.
func (c *Checker) checkSameRows(q *registry.Registrations, events []translator.Event, m missingRow) (findings []Finding, err error) {
	first := &events[m.row]
	for i := m.row + 1; i < len(events); i++ {
		e := &events[i]
		if e.TokenID != first.TokenID || e.FileID != first.FileID || e.RecipientID != first.RecipientID || e.IssuerID != first.IssuerID || e.Long != nil {
			continue
		}
		_, found, err := c.checkRow(q, e, i)
		if err != nil {
			return nil, err
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

func isAboutRow(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Row >= 0 })
}

// read reads registrations, and keeps the error.
func (c *Checker) read(ctx context.Context, fn func(*registry.Registrations) error) error {
	if errors.Is(c.err, registry.ErrNoRegistrations) && c.now().Before(c.sweep.next) {
		return c.err
	}
	err := c.source.Registrations(ctx, fn)
	if ctx.Err() == nil {
		c.err = err
	}
	return err
}

// Restart forgets all leaves: the log is another one. [Checker.AddLeaf] begins again.
func (c *Checker) Restart() { c.registers = c.registers.emptied() }

// LeafCount is how many leaves were passed to AddLeaf: the index of the next one.
func (c *Checker) LeafCount() int64 { return c.registers.next }

// LoseLeaves says that the registry did not write all leaves: that a document has none for
// somebody proves nothing.
func (c *Checker) LoseLeaves() { c.registers.gap = true }

// AddLeaf adds the next leaf of the log, from the first one on. It returns a finding, or
// nil, if the leaf registers a document again, with another recipient, issuer or key.
func (c *Checker) AddLeaf(text string) *Finding {
	index := c.registers.next
	c.registers.next++
	if !mayBeRegister(text) {
		return nil
	}
	leaf, ok := parseRegister(index, text)
	if !ok {
		return nil
	}
	return replacedFinding(&leaf, c.registers.add(&leaf))
}

// SkipLeaf is AddLeaf for a leaf that cannot be read: it may be any document's.
func (c *Checker) SkipLeaf() {
	c.registers.next++
	c.registers.gap = true
}

// manifestOf returns the last registration of a document; ok is false if there is none
// whose signature is right.
func (c *Checker) manifestOf(q *registry.Registrations, fileID string) (m manifest, row registry.Manifest, ok bool, err error) {
	row, found, err := q.Manifest(fileID)
	if err != nil || !found {
		return manifest{}, row, false, err
	}
	key := c.registers.hash(fileID)
	cached, known := c.manifests.get(key)
	if !known || cached.position != row.Position {
		cached = cachedManifest{position: row.Position}
		cached.manifest, cached.ok = parseManifest(row.JSON)
		cached.ok = cached.ok && cached.manifest.signed && cached.manifest.fileID == fileID
		c.manifests.put(key, cached)
	}
	return cached.manifest, row, cached.ok, nil
}
