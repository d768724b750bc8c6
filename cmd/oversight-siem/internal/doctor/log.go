// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/internal/tlog"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

func (r *receiver) leavesFile() inputFile {
	return inputFile{r.Log.Leaves, fmt.Sprintf("receivers::%s::transparency_log::leaves", r.id), "the transparency log's leaves.jsonl"}
}

// checkLogFile checks that the log can be read, and whether it is damaged.
func (r *receiver) checkLogFile(ctx context.Context) []finding {
	if found := r.leavesFile().problem(); found != nil {
		return found
	}
	return r.log.look(ctx, r.Log.Leaves, r.logProblems)
}

func (r *receiver) logProblems(log *tlog.Log, err error) (found []finding) {
	if err != nil {
		return failed("look at the disk and the mount", "%v", err)
	}
	for _, f := range log.Findings() {
		found = append(found, failed("run oversight-siem verify: it names all damaged leaves", "%s: %s, leaf %d: %s", r.Log.Leaves, f.Kind, f.First, f.Reason)...)
		if len(found) == maxFindings {
			break
		}
	}
	if !log.AtEnd() {
		found = append(found, notChecked("run oversight-siem verify, which reads all of it", "%s is long: %d leaves were read in the time of a check", r.Log.Leaves, log.Size())...)
	}
	if len(found) == 0 {
		return passed("%s has %d leaves", r.Log.Leaves, log.Size())
	}
	return found
}

// maxFindings bounds the findings of a log that are shown.
const maxFindings = 3

// checkLogRows looks for the leaf of the newest row: without it the log is behind, or
// of another registry.
func (r *receiver) checkLogRows(ctx context.Context) []finding {
	if r.leavesFile().problem() != nil || r.Database == "" || (inputFile{path: r.Database}).problem() != nil {
		return notChecked("see registry.file and log.file", "the database or the log cannot be opened")
	}
	reader := registry.Open(registry.Settings{Path: r.Database, RegistryID: r.RegistryID})
	defer reader.Close()
	newest, ok, err := reader.Newest(ctx)
	if err != nil {
		return r.unreadable(err)
	}
	if !ok {
		return passed("%s has no events yet", r.Database)
	}
	return r.log.look(ctx, r.Log.Leaves, func(log *tlog.Log, err error) []finding {
		if err != nil {
			return notChecked("see log.file", "%v", err)
		}
		return r.compareLeaf(log, &newest)
	})
}

func (r *receiver) compareLeaf(log *tlog.Log, newest *translator.Event) []finding {
	if !log.AtEnd() {
		return notChecked("run oversight-siem verify, which reads all of it", "%s is too long to be read in the time of a check", r.Log.Leaves)
	}
	mismatch, err := log.Compare(newest)
	switch {
	case errors.Is(err, tlog.ErrBeyond):
		return failed("see that the registry still writes its log, and that it is not a copy from earlier; if the collector reads a copy, copy the log at least as often as the database", "%s is behind the database: it has %d leaves, and none is that of the newest row, id %d", r.Log.Leaves, log.Size(), newest.ID)
	case err != nil:
		return notChecked("run oversight-siem verify", "the leaf of row %d is not known: %v", newest.ID, err)
	case mismatch != "":
		return failed(fmt.Sprintf("set `receivers::%s::database` and `transparency_log::leaves` to files of the same registry; otherwise run oversight-siem verify: the row or the log was changed", r.id), "the newest row, id %d, is not its leaf in %s: %s differs", newest.ID, r.Log.Leaves, mismatch)
	}
	return passed("the newest row, id %d, is in the log", newest.ID)
}
