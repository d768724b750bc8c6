// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

const (
	// listInterval is how often refused events are listed in the log.
	listInterval = 24 * time.Hour
	// maxListedReasons and maxListedRanges bound such a list: its lines, and the ranges
	// of ids in each.
	maxListedReasons = 10
	maxListedRanges  = 50
)

// sampledAfter is how many lines with the same message the log of a collector has in ten
// seconds before it leaves some out, with its default settings.
const sampledAfter = 10

// listSoon is called for each event that is blamed. After many of them it makes a list
// due: of the lines about single events the log may have left some out.
func (p *poller) listSoon() {
	if p.backlog.blamed++; p.backlog.blamed == sampledAfter {
		p.backlog.listDue = p.now().Add(listDelay)
	}
}

// listDelay is how long after many refusals the events are listed.
const listDelay = time.Minute

// listRefused lists the refused events in the log at the start, daily, and after many
// refusals.
func (p *poller) listRefused() {
	if p.now().Before(p.backlog.listDue) {
		return
	}
	p.logRefused("The destination refuses events; they are kept and retried every hour")
	p.logDropped()
	p.backlog.listDue = p.now().Add(listInterval)
}

// logDropped lists the events that were dropped since the last list, if there may not
// be a line about each.
func (p *poller) logDropped() {
	if p.backlog.blamed >= sampledAfter {
		p.logRefusedList("Dropped events that the destination refuses: `on_refusal` is `drop`", "dropped", p.backlog.dropped)
	}
	p.backlog.blamed, p.backlog.dropped = 0, nil
}

// logRefused lists the refused events, a line for each reason.
func (p *poller) logRefused(message string) {
	for _, l := range []struct {
		list  *refusedList
		state string
	}{{p.store.quarantine, "in quarantine"}, {p.store.owed, "reduced form delivered"}} {
		p.logRefusedList(message, l.state, l.list.all())
	}
}

func (p *poller) logRefusedList(message, state string, events []checkpoint.Refused) {
	var reasons []string // in the order in which they were met
	ids := map[string][]int64{}
	words := map[string]string{}
	for i := range events {
		kind := reasonKind(events[i].Reason)
		if ids[kind] == nil && len(reasons) == maxListedReasons {
			kind = ""
		}
		if ids[kind] == nil {
			reasons = append(reasons, kind)
			words[kind] = events[i].Reason
		}
		ids[kind] = append(ids[kind], events[i].ID)
	}
	for _, kind := range reasons {
		reason := words[kind]
		if kind == "" {
			reason = "other reasons"
		}
		p.logger.Warn(message, zap.String("state", state), zap.Int("events", len(ids[kind])),
			zap.String("ids", formatIDs(ids[kind])), zap.String("reason", reason))
	}
}

// formatIDs lists ids as ranges, as `oversight-siem export --ids` reads them.
func formatIDs(ids []int64) string {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	var ranges []string
	for len(ids) > 0 {
		if len(ranges) == maxListedRanges {
			return strings.Join(ranges, ",") + fmt.Sprintf(" and %d more", len(ids))
		}
		n := 1
		for n < len(ids) && ids[n] == ids[0]+int64(n) {
			n++
		}
		if n == 1 {
			ranges = append(ranges, fmt.Sprint(ids[0]))
		} else {
			ranges = append(ranges, fmt.Sprintf("%d-%d", ids[0], ids[n-1]))
		}
		ids = ids[n:]
	}
	return strings.Join(ranges, ",")
}
