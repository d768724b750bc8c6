// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
)

const (
	// listInterval is how often refused events are listed in the log.
	listInterval = 24 * time.Hour
	// maxListedReasons bounds the reasons in such a list, and maxListedRanges the ranges
	// of ids in a line. All ids of a full list are a few lines.
	maxListedReasons = 10
	maxListedRanges  = 500
)

const (
	// singleLines is how many lines about single events there may be until the next
	// list, which has the others. The log of a collector leaves out more than that in
	// ten seconds, with its default settings.
	singleLines = 10
	// burstDelay is how long after so many refusals the events are listed, and
	// burstInterval the least time between two such lists.
	burstDelay    = time.Minute
	burstInterval = time.Hour
	// maxUnlisted bounds the events that wait for a list and are not kept elsewhere, and
	// lostDelay how long they wait: a crash loses their ids.
	maxUnlisted = 4096
	lostDelay   = 5 * time.Second
)

// listSoon is called for each event that is blamed. Many of them make a list due.
func (p *poller) listSoon() {
	b := &p.backlog
	if b.blamed++; b.blamed != singleLines {
		return
	}
	due := p.now().Add(burstDelay)
	if next := b.burstList.Add(burstInterval); due.Before(next) {
		due = next
	}
	if due.Before(b.listDue) {
		b.listDue = due
	}
}

// logBlamed logs a refusal, if there are few.
func (p *poller) logBlamed(level zapcore.Level, message string, e checkpoint.Refused) {
	if p.backlog.blamed <= singleLines {
		p.logger.Log(level, message, refusalFields(e.ID, e.UID, e.Reason)...)
	}
}

// logLost logs an event that is not kept, at once or with the next list.
func (p *poller) logLost(message string, unlisted *[]checkpoint.Refused, e checkpoint.Refused) {
	if p.backlog.blamed <= singleLines {
		p.logBlamed(zap.ErrorLevel, message, e)
		return
	}
	if p.backlog.lostDue.IsZero() {
		p.backlog.lostDue = p.now().Add(lostDelay)
	}
	if *unlisted = append(*unlisted, e); len(*unlisted) >= maxUnlisted {
		p.logUnlisted()
	}
}

// listRefused lists the refused events in the log at the start, daily, and after many
// refusals.
func (p *poller) listRefused() {
	now := p.now()
	if due := p.backlog.lostDue; !due.IsZero() && !now.Before(due) {
		p.logUnlisted()
	}
	if now.Before(p.backlog.listDue) {
		return
	}
	p.logRefused("The destination refuses events; they are kept and retried every hour")
	p.logUnlisted()
	if p.backlog.blamed >= singleLines {
		p.backlog.burstList = now
	}
	p.backlog.blamed = 0
	p.backlog.listDue = now.Add(listInterval)
}

// logUnlisted lists the events that are not kept and that no line has named.
func (p *poller) logUnlisted() {
	p.logRefusedList(messageDropped, "dropped", p.backlog.dropped)
	p.logRefusedList(messageOverflow, "given up", p.backlog.overflow)
	p.backlog.dropped, p.backlog.overflow, p.backlog.lostDue = nil, nil, time.Time{}
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
		for ranges := range slices.Chunk(idRanges(ids[kind]), maxListedRanges) {
			p.logger.Warn(message, zap.String("state", state), zap.Int("events", len(ids[kind])),
				zap.String("ids", strings.Join(ranges, ",")), zap.String("reason", reason))
		}
	}
}

// idRanges lists ids as ranges, in the form that `oversight-siem export --ids` reads.
func idRanges(ids []int64) (ranges []string) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for len(ids) > 0 {
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
	return ranges
}
