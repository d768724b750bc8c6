// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
)

// backlog is the delivery of events that were refused: those in quarantine, and those
// that are owed.
type backlog struct {
	queue *delivery.Backlog

	listDue   time.Time // when they are listed in the log next
	burstList time.Time // when they were listed last after many refusals
	blamed    int       // events since they were listed
	// dropped and overflow are events that are not kept, since they were listed, and
	// lostDue is when they are listed next; zero: there are none.
	dropped, overflow []checkpoint.Refused
	lostDue           time.Time

	missing []checkpoint.Refused // whose rows are gone, or others now
	readErr error                // why a row could not be read at the last attempt
}

// maxBacklogTogether is the most refused events that are sent together. Their rows
// are read one by one.
const maxBacklogTogether = 16

func (p *poller) newBacklog() *delivery.Backlog {
	return delivery.NewBacklog(delivery.Settings{MaxRows: maxBacklogTogether, Now: p.now})
}

// refusedEvents are all events that were refused, those in quarantine first.
func (p *poller) refusedEvents() []checkpoint.Refused {
	return append(p.store.quarantine.all(), p.store.owed.all()...)
}

func (p *poller) refusedSize() int { return p.store.quarantine.size + p.store.owed.size }

// startBacklog gives up what the configuration names since the last start.
func (p *poller) startBacklog(ctx context.Context) {
	added := p.store.giveUp.replace(p.config.GiveUp)
	for _, e := range p.refusedEvents() {
		if slices.Contains(added, e.ID) {
			p.giveUp(ctx, e, giveUpConfiguration, "Gave up an event that the destination refused: `give_up` names it")
		}
	}
	if p.store.giveUp.dirty {
		p.save(ctx)
	}
	p.reportRefused()
	p.telemetry.gauges.setOutbox(p.store.outbox.size())
}

// giveUp removes a refused event that is not retried any more. The next save removes
// it from the storage.
func (p *poller) giveUp(ctx context.Context, e checkpoint.Refused, reason giveUpReason, message string) {
	p.forget(e)
	p.telemetry.givenUp(ctx, reason, 1)
	p.logger.Warn(message, refusalFields(e.ID, e.UID, e.Reason)...)
}

// forget removes an event from the list that has it.
func (p *poller) forget(e checkpoint.Refused) {
	for _, list := range []*refusedList{p.store.quarantine, p.store.owed} {
		if found := list.find(e.ID); found != nil && found.UID == e.UID {
			list.remove(e.ID)
		}
	}
}

// giveUpAll gives up all refused events: their database was replaced. Those that are
// in the new one are read again from its beginning.
func (p *poller) giveUpAll(ctx context.Context) {
	if n := p.refusedSize(); n > 0 {
		p.logRefused("Gave up events that the destination refused, because the database was replaced: those that are in the new one are read again")
		p.telemetry.givenUp(ctx, giveUpMissing, n)
	}
	p.store.quarantine.reset()
	p.store.owed.reset()
}

// turnBacklog lists refused events, and sends them again, if it is time to.
func (p *poller) turnBacklog(ctx context.Context) error {
	p.listRefused()
	if p.refusedSize() == 0 {
		p.backlog.readErr = nil
		return nil
	}
	if p.events.nothingAccepted() || p.backlog.queue.Wait() > 0 {
		return nil
	}
	return p.stepBacklog(ctx)
}

// stepBacklog sends some of them once.
func (p *poller) stepBacklog(ctx context.Context) error {
	refused := p.refusedEvents()
	entries := make([]delivery.Entry, len(refused))
	for i := range refused {
		entries[i] = delivery.Entry{UID: refused[i].UID, Reason: refused[i].Reason}
	}
	p.backlog.missing = nil
	step := p.backlog.queue.Step(ctx, entries, func(ctx context.Context, indexes []int) error {
		return p.sendRefused(ctx, refused, indexes)
	})
	if errors.Is(step.Err, errStopping) {
		return errStopping
	}
	if step.Err != nil && p.backlog.readErr != nil { // the queue goes on with others; see report and eventsPause
		return ignoreIfStopping(ctx, nil)
	}
	for _, e := range p.backlog.missing {
		p.giveUp(ctx, e, giveUpMissing, "Gave up an event that the destination refused: its row was deleted or changed")
	}
	p.deliveredRefused(ctx, refused, step.Delivered)
	for _, i := range step.Refused {
		p.refusedAgain(refused[i], step.Err)
	}
	if len(p.backlog.missing)+len(step.Delivered)+len(step.Refused) > 0 {
		p.save(ctx)
	}
	return nil
}

// deliveredRefused removes events that were accepted now.
func (p *poller) deliveredRefused(ctx context.Context, refused []checkpoint.Refused, indexes []int) {
	var ids []int64
	for _, i := range indexes {
		if !slices.Contains(p.backlog.missing, refused[i]) {
			p.forget(refused[i])
			ids = append(ids, refused[i].ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	p.telemetry.refusedDelivered(ctx, len(ids))
	for ranges := range slices.Chunk(idRanges(ids), maxListedRanges) {
		p.logger.Info("Delivered events that the destination had refused", zap.String("ids", strings.Join(ranges, ",")), zap.Int("left", p.refusedSize()))
	}
}

// refusedAgain notes the destination's words of now.
func (p *poller) refusedAgain(e checkpoint.Refused, err error) {
	for _, list := range []*refusedList{p.store.quarantine, p.store.owed} {
		list.update(e.ID, func(found *checkpoint.Refused) {
			if found.UID == e.UID {
				found.Reason, found.Tried = reasonOf(err), p.now().UTC()
			}
		})
	}
}

// errTooLargeTogether says that events exceed the budget of a batch together.
var errTooLargeTogether = consumererror.NewPermanent(errors.New("the events exceed `batch_bytes` together"))

// sendRefused reads events again and sends them whole.
func (p *poller) sendRefused(ctx context.Context, refused []checkpoint.Refused, indexes []int) error {
	p.backlog.readErr = nil
	events := make([]event, 0, len(indexes))
	budget := p.config.BatchBytes
	for _, i := range indexes {
		e, err := p.readRefused(ctx, refused[i])
		if err != nil {
			p.backlog.readErr = err
			return err
		}
		if e == nil {
			p.backlog.missing = append(p.backlog.missing, refused[i])
			continue
		}
		e.Truncate(p.config.MaxValueBytes)
		if budget -= e.EncodedSize(p.config.MaxValueBytes); budget < 0 && len(events) > 0 {
			return errTooLargeTogether
		}
		events = append(events, *e)
	}
	if len(events) == 0 {
		return nil
	}
	return p.deliver(events, nil)
}

// readRefused reads an event again, with the status that it had: its leaf is claimed
// by now. nil: its row is gone, or is another event.
func (p *poller) readRefused(ctx context.Context, refused checkpoint.Refused) (*event, error) {
	e, err := p.readByID(ctx, refused.ID)
	if err != nil || e == nil || e.UID != refused.UID {
		return nil, err
	}
	e.TlogStatus, e.TlogMismatch = refused.TlogStatus, refused.TlogMismatch
	return e, nil
}

// reasonKind is a reason without what differs from event to event: a # stands for each
// number, and for each run of hex digits and hyphens with a decimal one among them.
func reasonKind(reason string) string {
	kind := make([]byte, 0, len(reason))
	for i := 0; i < len(reason); {
		end, number := i, false
		for end < len(reason) && isIDByte(reason[end]) {
			number = number || reason[end] >= '0' && reason[end] <= '9'
			end++
		}
		switch {
		case number:
			kind = append(kind, '#')
		case end > i:
			kind = append(kind, reason[i:end]...)
		default:
			end++
			kind = append(kind, reason[i])
		}
		i = end
	}
	return string(kind)
}

func isIDByte(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' || b == '-'
}

// readByID reads a row; nil: there is none with that id.
func (p *poller) readByID(ctx context.Context, id int64) (*event, error) {
	found, err := p.source.ByID(ctx, []int64{id}, nil)
	if err != nil || len(found) == 0 {
		return nil, ignoreIfStopping(ctx, err)
	}
	return &found[0], nil
}
