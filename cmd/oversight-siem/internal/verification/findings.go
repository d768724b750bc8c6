// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package verification

import (
	"context"

	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// commit adds the reconciler's new findings to report and summary.
func (v *verification) commit() error {
	found := v.reconciler.Findings()
	for i := range found {
		if err := v.addFinding(&found[i]); err != nil {
			return err
		}
	}
	snapshot, err := v.reconciler.Commit(v.lastID)
	if err != nil {
		return err
	}
	v.reconciler.Saved(snapshot) // nothing resumes from it
	return v.report.Flush()
}

func (v *verification) addFinding(f *translator.Integrity) error {
	if f.Kind == translator.IntegrityLeafWithoutRow {
		if v.isPruned(f) {
			v.summary.OlderLeaves += countLeaves(f)
			return nil
		}
		v.summary.LeavesWithoutRow += countLeaves(f)
	}
	v.summary.add(f)
	return v.report.Add(f)
}

// isPruned reports whether a leaf without a row is older than the oldest row.
func (v *verification) isPruned(f *translator.Integrity) bool {
	return v.mayBePruned() && f.TlogIndex < v.oldestVerified
}

// mayBePruned reports whether old rows may be missing on purpose.
func (v *verification) mayBePruned() bool { return v.settings.Pruned && v.firstID != 1 }

func countLeaves(f *translator.Integrity) int64 {
	if f.IsRun() {
		return f.TlogLastIndex - f.TlogIndex + 1
	}
	return 1
}

// reportUnclaimed makes findings of those of the first expected leaves that have
// no row.
func (v *verification) reportUnclaimed(ctx context.Context, expected int64) error {
	for done := false; !done; {
		if done = v.reconciler.ReportUnclaimed(ctx, expected); !done {
			_ = v.reconciler.Reverify(ctx) // if the file was replaced; logError has its error
		}
		if err := v.logError(ctx); err != nil {
			return err
		}
		if err := v.commit(); err != nil {
			return err
		}
	}
	return nil
}
