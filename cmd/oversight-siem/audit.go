// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// audit reads a database and a log once, together: the log as far as the rows
// need it, and in the end to its own end.
type audit struct {
	*verify
	reader     *registry.Reader
	reconciler *reconcile.Reconciler
	cursor     registry.Cursor // of the rows that were read
	lastID     int64           // of the rows that were checked
	out        *verifyOutput
	meter      *meter
	summary    summary

	firstID int64 // 0 if there is no row
	oldest  int64 // the first leaf that a row agrees with
}

func (v *verify) open(out *verifyOutput, m *meter) (*audit, error) {
	a := &audit{verify: v, out: out, meter: m, oldest: math.MaxInt64}
	a.summary.ByKind = map[string]int64{}
	a.reader = v.selection.open()
	var err error
	a.reconciler, err = reconcile.Open(reconcile.Settings{
		Leaves:     v.leaves,
		RegistryID: v.registryID,
		Key:        v.key,
		Audit:      true,
		Pages:      noPages{},
		OnLeaf:     a.onLeaf,
	})
	return a, err
}

// noPages is where pages are that were never saved: the witness keeps all of
// them in memory, two bits a leaf.
type noPages struct{}

func (noPages) Page(context.Context, int64) ([]byte, error) { return nil, nil }

func (a *audit) close() {
	a.meter.clear()
	_ = a.reader.Close()
	_ = a.reconciler.Close() // of what was only read
}

func (a *audit) onLeaf(_ int64, beacon bool) {
	if beacon {
		a.summary.BeaconLeaves++
	}
}

// run makes all checks. The head was fetched before, so that a log that grows
// meanwhile only gets longer than it.
func (a *audit) run(ctx context.Context, head []byte) error {
	if err := a.readRows(ctx); err != nil {
		return err
	}
	if err := a.readLog(ctx); err != nil {
		return err
	}
	// Leaves that come from here on may have rows that come after the rows were
	// read; those that are there have theirs, or it is on its way.
	expected := a.reconciler.Size()
	if err := a.readRows(ctx); err != nil {
		return err
	}
	if err := a.awaitRows(ctx, expected); err != nil {
		return err
	}
	if err := a.settle(ctx, expected); err != nil {
		return err
	}
	if err := a.compare(head); err != nil {
		return err
	}
	return a.sum()
}

// readRows reads and checks the rows that there are by now.
func (a *audit) readRows(ctx context.Context) error {
	ahead := readAhead(ctx, a.nextRows)
	defer ahead.stop()
	for {
		events, err := ahead.next()
		if err != nil {
			return a.explainRows(err)
		}
		if len(events) == 0 {
			return nil
		}
		if err := a.check(ctx, events); err != nil {
			return err
		}
		ahead.release(events)
	}
}

func (a *audit) nextRows(ctx context.Context, into []translator.Event) ([]translator.Event, error) {
	batch, err := a.reader.Read(ctx, a.cursor, readBatch, into)
	if err != nil {
		return nil, err
	}
	a.cursor = batch.Next
	return batch.Events, nil
}

func (a *audit) explainRows(err error) error {
	if errors.As(err, new(*registry.ReplacedError)) {
		return fmt.Errorf("--db %s: the database was exchanged while it was read: verify again: %w", a.database, err)
	}
	return a.selection.explain(err)
}

func (a *audit) check(ctx context.Context, events []translator.Event) error {
	if a.firstID == 0 {
		a.firstID = events[0].ID
		a.meter.start(ctx, a.reader, a.firstID)
	}
	a.reconciler.Check(ctx, events)
	if err := a.trouble(ctx); err != nil {
		return err
	}
	for i := range events {
		if err := a.count(&events[i]); err != nil {
			return err
		}
	}
	a.lastID = events[len(events)-1].ID
	a.meter.set(a.lastID)
	return a.commit()
}

// trouble is what kept the witness from checking.
func (a *audit) trouble(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.leavesFile.explain(a.reconciler.Err())
}

func (a *audit) count(e *translator.Event) error {
	s := &a.summary
	s.Rows++
	switch e.TlogStatus {
	case translator.TlogStatusVerified:
		s.Verified++
		a.oldest = min(a.oldest, e.TlogIndex)
	case translator.TlogStatusMismatch:
		s.Mismatch++
	case translator.TlogStatusMissing:
		s.Missing++
	case translator.TlogStatusDuplicate:
		s.Duplicate++
	default:
		return fmt.Errorf("--tlog %s: leaf %d, of row %d, could not be read: verify again", a.path, e.TlogIndex, e.ID)
	}
	return nil
}

// commit takes over what the witness found.
func (a *audit) commit() error {
	found := a.reconciler.Findings()
	for i := range found {
		if a.isOld(&found[i]) {
			a.summary.OlderLeaves += leavesOf(&found[i])
			continue
		}
		if found[i].Kind == translator.IntegrityLeafWithoutRow {
			a.summary.LeavesWithoutRow += leavesOf(&found[i])
		}
		a.summary.add(found[i].Kind)
		if err := a.out.add(&found[i]); err != nil {
			return err
		}
	}
	snapshot, err := a.reconciler.Commit(a.lastID)
	if err != nil {
		return err
	}
	a.reconciler.Saved(snapshot) // nobody goes on from it
	return a.out.flush()
}

// isOld reports whether a finding is about leaves whose rows were pruned.
func (a *audit) isOld(f *translator.Integrity) bool {
	return a.hasPruned() && f.Kind == translator.IntegrityLeafWithoutRow && f.TlogIndex < a.oldest
}

// hasPruned reports whether rows may be gone, and that is as it should be.
func (a *audit) hasPruned() bool { return a.pruned && a.firstID != 1 }

func leavesOf(f *translator.Integrity) int64 {
	if f.IsRun() {
		return f.TlogLastIndex - f.TlogIndex + 1
	}
	return 1
}

// readLog reads the log to its end.
func (a *audit) readLog(ctx context.Context) error {
	for {
		a.reconciler.Idle(ctx)
		if err := a.trouble(ctx); err != nil {
			return err
		}
		if a.reconciler.AtEnd() {
			return a.commit()
		}
	}
}

const (
	// rowsAfter is how long a row may come after its leaf, while the registry
	// waits for another writer of its database: it gives up after five seconds.
	rowsAfter = 10 * time.Second
	// rowsInterval is the time between two looks for such rows.
	rowsInterval = 250 * time.Millisecond
)

// awaitRows gives rows time to come, if the log was written to a moment ago and
// leaves are without one.
func (a *audit) awaitRows(ctx context.Context, expected int64) error {
	info, err := os.Stat(a.leaves)
	if err != nil {
		return a.leavesFile.explain(err)
	}
	// A clock that is ahead elsewhere does not make this longer.
	left := min(time.Until(info.ModTime().Add(rowsAfter)), rowsAfter)
	deadline := time.Now().Add(left)
	for told := false; time.Now().Before(deadline); {
		first := int64(0)
		if a.hasPruned() {
			first = a.oldest
		}
		awaited, err := a.reconciler.HasUnclaimed(ctx, first, expected)
		if err != nil || !awaited {
			return err
		}
		if !told {
			a.meter.notice(fmt.Sprintf("a leaf is without its row, and the log was written to a moment ago: waiting up to %s for the row", left.Round(time.Second)))
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rowsInterval):
		}
		if err := a.readRows(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settle makes findings of the leaves that no row is of.
func (a *audit) settle(ctx context.Context, expected int64) error {
	for all := false; !all; {
		if all = a.reconciler.ReportUnclaimed(ctx, expected); !all {
			_ = a.reconciler.Reverify(ctx) // where the file was replaced; trouble tells
		}
		if err := a.trouble(ctx); err != nil {
			return err
		}
		if err := a.commit(); err != nil {
			return err
		}
	}
	return nil
}

// compare checks the head, if there is one.
func (a *audit) compare(body []byte) error {
	if body == nil {
		return nil
	}
	if err := a.reconciler.CheckHead(body); err != nil {
		return err
	}
	head, err := tlog.ParseHead(body)
	a.summary.Head = a.judge(&head, err)
	return a.commit()
}

// judge says in the summary what became of a head.
func (a *audit) judge(head *tlog.Head, err error) *headSummary {
	s := &headSummary{Size: head.Size, Root: head.Root.String()}
	switch {
	case err != nil || a.key != nil && head.Verify(a.key) != nil:
		s.Signature = signatureInvalid
	case a.key == nil:
		s.Signature = signatureNotChecked
	default:
		s.Signature, s.SignedBy = signatureValid, hexKey(a.key)
	}
	root, err := a.reconciler.RootAt(head.Size)
	switch {
	case err == nil && root == head.Root:
		s.Log = headAgrees
	case err == nil, errors.Is(err, tlog.ErrBeyond):
		s.Log = headDisagrees
	default:
		s.Log = headNotCompared
	}
	return s
}

// sum fills in what the summary says of the whole log.
func (a *audit) sum() error {
	s := &a.summary
	s.Leaves = a.reconciler.Size()
	if root, err := a.reconciler.RootAt(s.Leaves); err == nil {
		s.Root = root.String()
	}
	var err error
	s.IncompleteLine, err = endsWithinLine(a.leaves)
	return a.leavesFile.explain(err)
}
