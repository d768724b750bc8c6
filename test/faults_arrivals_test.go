// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrival is an event as a destination has it.
type arrival struct {
	id  string // of the row
	uid string
	// truncated and reduced say that it has these marks.
	truncated, reduced bool
}

// recorder is a destination that knows what has arrived, in any order.
type recorder interface {
	arrivals() []arrival
}

// report compares what has arrived with the rows 1 to n.
type report struct {
	whole, reduced, missing []int
	// truncated are the rows that arrived whole with cut values.
	truncated []int
	// repeated is how many arrivals were of a uid that had arrived before.
	repeated int
}

func compare(all []arrival, n int) report {
	seen := map[string]bool{}
	whole, reduced, truncated := map[string]bool{}, map[string]bool{}, map[string]bool{}
	var r report
	for _, a := range all {
		if seen[a.uid] {
			r.repeated++
		}
		seen[a.uid] = true
		if a.reduced {
			reduced[a.id] = true
			continue
		}
		whole[a.id] = true
		if a.truncated {
			truncated[a.id] = true
		}
	}
	for i := 1; i <= n; i++ {
		id := strconv.Itoa(i)
		switch {
		case whole[id]:
			r.whole = append(r.whole, i)
		case reduced[id]:
			r.reduced = append(r.reduced, i)
		default:
			r.missing = append(r.missing, i)
		}
		if truncated[id] {
			r.truncated = append(r.truncated, i)
		}
	}
	return r
}

func (r report) String() string {
	return fmt.Sprintf("%d whole (%d of them cut), %d reduced, %d missing %s, %d repeated",
		len(r.whole), len(r.truncated), len(r.reduced), len(r.missing), shortened(r.missing), r.repeated)
}

// shortened returns the first of many numbers.
func shortened(numbers []int) string {
	if len(numbers) > 5 {
		return strings.TrimSuffix(fmt.Sprint(numbers[:5]), "]") + " …]"
	}
	return fmt.Sprint(numbers)
}

// faultTimeout is how long a fault may delay events. A run against a collector
// that is known to fail can shorten it.
var faultTimeout = func() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("FAULT_TIMEOUT")); err == nil {
		return d
	}
	return waitTimeout
}()

// requireArrived waits until the rows 1 to n have arrived whole, except those in
// reduced, which have arrived reduced only. Nothing is repeated.
func requireArrived(t testing.TB, d recorder, n int, reduced ...int) report {
	t.Helper()
	r := waitForReport(t, d, n, func(r report) bool {
		return len(r.missing) == 0 && slices.Equal(r.reduced, reduced)
	})
	assert.Zero(t, r.repeated, "repeated events")
	return r
}

// waitForReport waits until a report of the rows 1 to n is as it should be.
func waitForReport(t testing.TB, d recorder, n int, ok func(report) bool) report {
	t.Helper()
	var r report
	eventuallyWithin(t, faultTimeout, func() error {
		if r = compare(d.arrivals(), n); !ok(r) {
			return fmt.Errorf("of %d events: %s", n, r)
		}
		return nil
	})
	t.Logf("of %d events: %s", n, r)
	return r
}

func (h *hec) arrivals() []arrival {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []arrival
	for _, event := range h.events {
		if inner, ok := event["event"].(map[string]any); ok {
			all = append(all, arrivalOf(text(inner["event_id"]), text(inner["event_uid"]), inner))
		}
	}
	return all
}

func (b *bulk) arrivals() []arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []arrival
	for id, document := range b.documents {
		event, _ := document["event"].(map[string]any)
		all = append(all, arrivalOf(text(event["id"]), id, document["oversight"]))
	}
	return all
}

func (a *azureLogs) arrivals() []arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []arrival
	for _, row := range a.rows {
		all = append(all, arrivalOf(text(row["EventId"]), text(row["EventUid"]), row))
	}
	return all
}

func (s *track) arrivals() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []arrival
	for _, envelope := range s.envelopes {
		data, _ := envelope["data"].(map[string]any)
		base, _ := data["baseData"].(map[string]any)
		row, _ := base["properties"].(map[string]any)
		all = append(all, arrivalOf(text(row["EventId"]), text(row["EventUid"]), row))
	}
	return all
}

// arrivalOf reads the marks from the object that has them.
func arrivalOf(id, uid string, marked any) arrival {
	object, _ := marked.(map[string]any)
	a := arrival{id: id, uid: uid, reduced: strings.HasSuffix(uid, "-reduced")}
	for _, key := range []string{"truncated", "Truncated", "TruncatedColumns"} {
		a.truncated = a.truncated || object[key] != nil
	}
	return a
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// ndjson is a directory that the file exporter writes a shape's file to, with its
// backups.
type ndjson struct {
	t          testing.TB
	dir, shape string
}

func (f ndjson) arrivals() []arrival {
	f.t.Helper()
	names, err := filepath.Glob(filepath.Join(f.dir, f.shape+"*.ndjson"))
	require.NoError(f.t, err)
	var all []arrival
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(f.t, err)
		for line := range strings.Lines(string(data)) {
			var document map[string]any
			if json.Unmarshal([]byte(line), &document) != nil {
				continue // cut: what a reader skips
			}
			if isCheckpointRecord(document) {
				continue
			}
			all = append(all, f.arrival(document))
		}
	}
	return all
}

func (f ndjson) arrival(document map[string]any) arrival {
	event, _ := document["event"].(map[string]any)
	switch f.shape {
	case "splunk":
		return arrivalOf(text(event["event_id"]), text(event["event_uid"]), event)
	case "ecs", "events":
		return arrivalOf(text(event["id"]), text(event["hash"]), document["oversight"])
	default:
		return arrivalOf(text(document["EventId"]), text(document["EventUid"]), document)
	}
}
