// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

// Package verification checks all rows of a registry's database and all leaves
// of its transparency log against each other, once.
package verification

import (
	"context"
	"crypto/ed25519"
	"math"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/output"
	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/progress"
	"github.com/oversight-protocol/oversight-otelcol/internal/reconcile"
	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// Settings is what is verified.
type Settings struct {
	// Database is the registry's database.
	Database cli.Database
	// Log is the flags that Leaves and Key are from; errors name them.
	Log cli.TransparencyLog
	// Leaves is the path of the file with the log's leaves.
	Leaves string
	// Key is the registry's public key. Default: signatures are not checked.
	Key ed25519.PublicKey
	// Head is the signed tree head as it was published. It must be fetched
	// before: a log that grows meanwhile is only longer than the head. Default: no
	// head is compared.
	Head []byte
	// Heads are other tree heads, each as it was published, in any order. Default: none.
	Heads [][]byte
	// Pruned says that old rows were deleted on purpose: leaves that are older
	// than the oldest row are not findings.
	Pruned bool
}

// verification reads the rows in the order of their ids, the log as far as the
// rows need it, and finally the log to its end.
type verification struct {
	settings   Settings
	report     *Report
	bar        *progress.Bar
	reader     *registry.Reader
	reconciler *reconcile.Reconciler
	summary    Summary

	checkedHead reconcile.CheckedHead // the last one
	headSizes   sizes

	cursor         registry.Cursor // of the rows that were read
	hasOddIDs      bool            // there are rows that the cursor does not reach
	firstID        int64           // of the first row; 0 if there is none
	lastID         int64           // of the last row that was checked
	oldestVerified int64           // the lowest index of a leaf that a row agrees with
}

// Run verifies everything. It adds findings to the report as it makes them, and
// returns a summary once all is checked. The registry may write meanwhile.
func Run(ctx context.Context, settings Settings, report *Report, bar *progress.Bar) (*Summary, error) {
	v := &verification{settings: settings, report: report, bar: bar, oldestVerified: math.MaxInt64}
	v.summary.ByKind, v.summary.Records = map[string]int64{}, map[string]int64{}
	v.reader = settings.Database.Open()
	defer v.reader.Close()
	v.summary.hasKey = settings.Key != nil
	var err error
	v.reconciler, err = reconcile.Open(reconcile.Settings{
		Leaves:     settings.Leaves,
		RegistryID: settings.Database.RegistryID,
		Key:        settings.Key,
		Audit:      true,
		Pages:      noPages{},

		Registrations: v.reader,
		OnLeaf:        v.countLeaf,
		OnHead:        v.addHead,
	})
	if err != nil {
		return nil, err
	}
	defer v.reconciler.Close()
	defer bar.Clear()
	return &v.summary, v.run(ctx)
}

// noPages says that no page was ever saved: the reconciler keeps all of them in
// memory, two bits for each leaf.
type noPages struct{}

func (noPages) Page(context.Context, int64) ([]byte, error) { return nil, nil }

func (v *verification) run(ctx context.Context) error {
	if err := v.readRows(ctx); err != nil {
		return err
	}
	if err := v.readOddRows(ctx); err != nil {
		return err
	}
	if err := v.readLog(ctx); err != nil {
		return err
	}
	// The rows of leaves that are appended from here on may be inserted after the
	// rows are read. All leaves before have their row, or it follows in a moment.
	expected := v.reconciler.Size()
	if err := v.readRows(ctx); err != nil {
		return err
	}
	if err := v.awaitRows(ctx, expected); err != nil {
		return err
	}
	if err := v.checkRegistrations(ctx); err != nil {
		return err
	}
	if err := v.reportUnclaimed(ctx, expected); err != nil {
		return err
	}
	if err := v.checkHead(); err != nil {
		return err
	}
	if err := v.checkHeads(); err != nil {
		return err
	}
	return v.summarizeLog()
}

// readLog reads the log to its end.
func (v *verification) readLog(ctx context.Context) error {
	for {
		v.reconciler.Idle(ctx)
		if err := v.logError(ctx); err != nil {
			return err
		}
		if v.reconciler.AtEnd() {
			return v.commit()
		}
	}
}

// logError returns the error that keeps the reconciler from checking.
func (v *verification) logError(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return v.settings.Log.ReadError(v.reconciler.Err())
}

func (v *verification) countLeaf(_ int64, beacon bool) {
	if beacon {
		v.summary.BeaconLeaves++
	}
}

func (v *verification) addHead(h reconcile.CheckedHead) {
	v.checkedHead = h
	v.headSizes.add(&h)
}

// summarizeLog completes the summary with what is known of the whole log.
func (v *verification) summarizeLog() error {
	v.summary.Leaves = v.reconciler.Size()
	v.summary.FirstChange = v.headSizes.firstChange()
	if root, err := v.reconciler.RootAt(v.summary.Leaves); err == nil {
		v.summary.Root = root.String()
	}
	var err error
	v.summary.IncompleteLine, err = output.HasIncompleteLine(v.settings.Leaves)
	return v.settings.Log.ReadError(err)
}
