// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// merge replaces the older half of the records of the most frequent kind by one, and
// returns how many it has replaced; 0 if no kind has two.
func (o *outbox) merge() int {
	counts := map[string]int{}
	for _, r := range o.records {
		counts[r.finding.Kind]++
	}
	kind := ""
	for _, r := range o.records { // the first of the most frequent ones
		if counts[r.finding.Kind] > counts[kind] {
			kind = r.finding.Kind
		}
	}
	n := (counts[kind] + 1) / 2
	if counts[kind] == 2 {
		n = 2
	}
	if n < 2 {
		return 0
	}
	var together []*outboxRecord
	rest := make([]*outboxRecord, 0, len(o.records)-n+1)
	for _, r := range o.records {
		if r.finding.Kind == kind && len(together) < n {
			together = append(together, r)
			continue
		}
		rest = append(rest, r)
	}
	for _, r := range together {
		o.unsave(r)
	}
	rest = append(rest, mergeRecords(together))
	o.records = rest
	return n
}

// mergeRecords makes one record of several of a kind. It names what they have in
// common, the highest severity, the ranges of rows and leaves, and their number.
func mergeRecords(records []*outboxRecord) *outboxRecord {
	uids := sha256.New()
	merged := &outboxRecord{finding: finding{
		RegistryID: records[0].finding.RegistryID, Kind: records[0].finding.Kind, Observed: records[0].finding.Observed,
	}}
	for _, r := range records {
		merged.merged += max(r.merged, 1)
		merged.finding.Severity = max(merged.finding.Severity, r.finding.EffectiveSeverity())
		_, _ = uids.Write([]byte(r.finding.UID)) // it never fails
	}
	merged.finding.UID = hex.EncodeToString(uids.Sum(nil)[:16])
	var about []string
	if first, last, ok := rangeOf(records, (*outboxRecord).rowRange); ok {
		about = append(about, fmt.Sprintf("rows %d to %d", first, last))
		merged.finding.EventID, merged.finding.LastEventID = first, last
	}
	if first, last, ok := rangeOf(records, (*outboxRecord).leafRange); ok {
		about = append(about, fmt.Sprintf("leaves %d to %d", first, last))
		merged.finding.TlogIndex, merged.finding.HasTlogIndex, merged.finding.TlogLastIndex = first, true, last
	}
	text := "of the registry"
	if len(about) > 0 {
		text = "among " + strings.Join(about, " and ")
	}
	merged.finding.Message = fmt.Sprintf("%d findings of kind %s %s were merged because the destination did not accept them: run oversight-siem verify to list them.",
		merged.merged, merged.finding.Kind, text)
	return merged
}

// rowRange is the rows that a record is about.
func (r *outboxRecord) rowRange() (first, last int64, ok bool) {
	return r.finding.EventID, max(r.finding.EventID, r.finding.LastEventID), r.finding.EventID != 0
}

// leafRange is the leaves that a record is about.
func (r *outboxRecord) leafRange() (first, last int64, ok bool) {
	f := &r.finding
	return f.TlogIndex, max(f.TlogIndex, f.TlogLastIndex), f.HasTlogIndex
}

// rangeOf is from the least to the greatest number of the records; ok is false if
// none has any.
func rangeOf(records []*outboxRecord, of func(*outboxRecord) (int64, int64, bool)) (first, last int64, ok bool) {
	for _, r := range records {
		low, high, has := of(r)
		if !has {
			continue
		}
		if !ok {
			first, last, ok = low, high, true
		}
		first, last = min(first, low), max(last, high)
	}
	return first, last, ok
}
