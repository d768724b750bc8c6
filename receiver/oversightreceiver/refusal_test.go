// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/oversight-protocol/oversight-otelcol/internal/checkpoint"
	"github.com/oversight-protocol/oversight-otelcol/internal/delivery"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// destination is a pipeline that takes all of a request or nothing of it, unless its
// answer names what was accepted.
type destination struct {
	// answer is called with the records of a request; nil: accepts everything.
	answer func(request) error

	mu       sync.Mutex
	requests int
	events   []event // accepted, whole and reduced
	findings []finding
}

// request is what a destination is sent.
type request struct {
	number   int
	events   []event
	findings []finding
}

func isReduced(e *event) bool { return strings.HasSuffix(e.UID, translator.ReducedUIDSuffix) }

// has reports whether one of the events is whole and has the token.
func (r request) has(tokens ...string) bool {
	return slices.ContainsFunc(r.events, func(e event) bool {
		return !isReduced(&e) && slices.Contains(tokens, e.TokenID)
	})
}

func (*destination) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (d *destination) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests++
	r := request{number: d.requests}
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if translator.IsIntegrity(record) {
					f, _ := translator.IntegrityFromLogRecord(resource.Resource(), record)
					r.findings = append(r.findings, f)
					continue
				}
				e, _ := translator.FromLogRecord(resource.Resource(), record)
				r.events = append(r.events, e)
			}
		}
	}
	var err error
	if d.answer != nil {
		err = d.answer(r)
	}
	if err != nil {
		accepted := delivery.AcceptedRecords(err)
		r.findings = nil
		r.events = slices.DeleteFunc(r.events, func(e event) bool { return !slices.Contains(accepted, e.UID) })
	}
	d.events, d.findings = append(d.events, r.events...), append(d.findings, r.findings...)
	return err
}

func (d *destination) set(answer func(request) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

// whole are the ids of the events that were accepted whole, each once, and repeated
// how often any was accepted again.
func (d *destination) whole() (ids []int64, repeated int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.events {
		if !isReduced(&d.events[i]) {
			ids = append(ids, d.events[i].ID)
		}
	}
	slices.Sort(ids)
	all := len(ids)
	ids = slices.Compact(ids)
	return ids, all - len(ids)
}

// reduced are the ids of the events that were accepted in their reduced form.
func (d *destination) reduced() (ids []int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.events {
		if isReduced(&d.events[i]) {
			ids = append(ids, d.events[i].ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (d *destination) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.requests
}

// refusalSetup is a receiver with a destination.
type refusalSetup struct {
	*setup
	t    *testing.T
	dest *destination
}

func newRefusalSetup(t *testing.T, rows int) *refusalSetup {
	t.Helper()
	s := &refusalSetup{setup: newSetup(t, newDatabase(t, insert("t", rows))), t: t, dest: &destination{}}
	s.config.BatchSize = 1000
	return s
}

// run starts a receiver. The cleanup stops it if the test did not.
func (s *refusalSetup) run() (stop func()) {
	s.t.Helper()
	require.NoError(s.t, s.config.Validate())
	r, err := NewFactory().CreateLogs(s.t.Context(), s.settings, s.config, s.dest)
	require.NoError(s.t, err)
	r.(*oversightReceiver).now = s.clock.now
	require.NoError(s.t, r.Start(s.t.Context(), s.host))
	var once sync.Once
	stop = func() {
		once.Do(func() { assert.NoError(s.t, r.Shutdown(context.WithoutCancel(s.t.Context()))) })
	}
	s.t.Cleanup(stop)
	return stop
}

func (s *refusalSetup) eventually(condition func(c *assert.CollectT)) {
	s.t.Helper()
	require.EventuallyWithT(s.t, condition, patience, time.Millisecond)
}

// waitForWhole waits until exactly these events were accepted whole.
func (s *refusalSetup) waitForWhole(ids []int64) {
	s.t.Helper()
	s.eventually(func(c *assert.CollectT) {
		got, _ := s.dest.whole()
		assert.Equal(c, ids, got)
	})
}

// kept are the ids of the refused events that the storage has.
func (s *refusalSetup) kept(list *refusedList) (ids []int64) {
	s.t.Helper()
	s.memory.mu.Lock()
	data := maps.Clone(s.memory.data)
	s.memory.mu.Unlock()
	require.NoError(s.t, list.load(s.t.Context(), func(_ context.Context, key string) ([]byte, error) { return data[key], nil }))
	for _, e := range list.all() {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids
}

// cursor is the id of the cursor in the storage.
func (s *setup) cursor(t require.TestingT) int64 {
	root, err := checkpoint.DecodeRoot([]byte(s.memory.stored()))
	require.NoError(t, err)
	return root.Cursor.ID
}

func without(ids []int64, others ...int64) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(others, id) })
}

var (
	errBadRequest   = consumererror.NewPermanent(errors.New("400 Bad Request: mapper_parsing_exception"))
	errUnauthorized = consumererror.NewPermanent(errors.New("401 Unauthorized"))
	errUnavailable  = errors.New("503 Service Unavailable")
)

// refuseTokens refuses requests with one of these events; with reduced, in every form.
func refuseTokens(reduced bool, tokens ...string) func(request) error {
	return func(r request) error {
		for i := range r.events {
			e := &r.events[i]
			if slices.Contains(tokens, e.TokenID) && (reduced || !isReduced(e)) {
				return errBadRequest
			}
		}
		return nil
	}
}

// One of a thousand is refused: the others are delivered, each once. It is owed where
// its reduced form is accepted, and otherwise in quarantine, with the destination's
// words; and it is delivered when the destination relents.
func TestOneOfAThousand(t *testing.T) {
	for _, reduced := range []bool{false, true} {
		for name, id := range map[string]int64{"head": 1, "middle": 500, "tail": 1000} {
			t.Run(fmt.Sprintf("%s/reduced refused %t", name, reduced), func(t *testing.T) {
				s := newRefusalSetup(t, 1000)
				s.dest.answer = refuseTokens(reduced, fmt.Sprintf("t%d", id))
				stop := s.run()
				s.waitForWhole(without(idRange(1, 1000), id))
				list, line := newOwed(), "accepts its reduced form"
				rows := int64(1000)
				if reduced {
					list, line = newQuarantine(), "is in quarantine"
					execute(t, s.config.Database, insert("n", 1)) // so that the tail is not all there is
					rows++
				}
				s.eventually(func(c *assert.CollectT) { assert.Equal(c, rows, s.cursor(c)) })
				assert.Less(t, s.dest.count(), 60)
				stop()
				assert.Equal(t, []int64{id}, s.kept(list))
				entry := list.find(id)
				assert.Contains(t, entry.Reason, "mapper_parsing_exception")
				logged := s.logs.FilterMessageSnippet(line).All()
				require.Len(t, logged, 1)
				assert.EqualValues(t, id, logged[0].ContextMap()["id"])
				assert.Equal(t, entry.UID, logged[0].ContextMap()["uid"])
				if !reduced {
					assert.Equal(t, []int64{id}, s.dest.reduced())
				}

				stop = s.run() // a restart forgets nothing, and asks again
				s.eventually(func(c *assert.CollectT) {
					assert.NotZero(c, s.logs.FilterMessageSnippet("they are kept and retried every hour").Len())
				})
				stop()
				assert.Equal(t, []int64{id}, s.kept(list))

				s.run()
				s.dest.set(nil)
				s.clock.advance(2 * time.Hour)
				s.waitForWhole(idRange(1, rows))
				_, repeated := s.dest.whole()
				assert.Zero(t, repeated)
				s.eventually(func(c *assert.CollectT) { assert.Empty(c, s.kept(list)) })
			})
		}
	}
}

func TestAHundredOfAThousand(t *testing.T) {
	for _, reduced := range []bool{false, true} {
		t.Run(fmt.Sprintf("reduced refused %t", reduced), func(t *testing.T) {
			s := newRefusalSetup(t, 1000)
			s.dest.answer = refuseTokens(reduced, tokenRange("t", 301, 400)...)
			s.run()
			s.waitForWhole(without(idRange(1, 1000), idRange(301, 400)...))
			s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(1000), s.cursor(c)) })
			if reduced {
				assert.Equal(t, idRange(301, 400), s.kept(newQuarantine()))
			} else {
				assert.Equal(t, idRange(301, 400), s.kept(newOwed()))
				assert.Equal(t, idRange(301, 400), s.dest.reduced())
			}
			_, repeated := s.dest.whole()
			assert.Zero(t, repeated)
			s.dest.set(nil)
			s.clock.advance(2 * time.Hour)
			s.waitForWhole(idRange(1, 1000))
			_, repeated = s.dest.whole()
			assert.Zero(t, repeated)
		})
	}
}

// A wrong token drops nothing, says so, and is over when the token is right.
func TestWrongToken(t *testing.T) {
	s := newRefusalSetup(t, 3000)
	s.dest.answer = func(request) error { return errUnauthorized }
	stop := s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "401 Unauthorized")
	s.eventually(func(c *assert.CollectT) { assert.Greater(c, s.dest.count(), 60) })
	assert.Empty(t, s.memory.stored(), "the cursor has moved")
	stop() // in the hold
	s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, 2, s.logs.FilterMessage(string(failureDeliver)).Len()) })
	s.dest.set(nil)
	s.waitForWhole(idRange(1, 3000))
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
	s.host.waitFor(t, componentstatus.StatusOK, "")
	assert.Empty(t, s.kept(newQuarantine()))
	assert.Empty(t, s.kept(newOwed()))
}

// A destination that turns while it is being looked for who is to blame.
func TestWrongTokenInTheMiddle(t *testing.T) {
	s := newRefusalSetup(t, 1000)
	refuse := refuseTokens(true, "t500")
	s.dest.answer = func(r request) error {
		if r.number >= 5 && r.number < 60 {
			return errUnauthorized
		}
		return refuse(r)
	}
	s.run()
	s.waitForWhole(without(idRange(1, 1000), 500))
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(1000), s.cursor(c)) })
	assert.Equal(t, []int64{500}, s.kept(newQuarantine()))
	assert.Empty(t, s.kept(newOwed()))
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
}

// A balancer with a broken half: what is blamed by chance comes later.
func TestHalfBrokenBalancer(t *testing.T) {
	for name, refusal := range map[string]error{"401": errUnauthorized, "503": errUnavailable} {
		t.Run(name, func(t *testing.T) {
			s := newRefusalSetup(t, 1000)
			s.config.BatchSize = 50
			random := rand.New(rand.NewPCG(1, 2))
			s.dest.answer = func(request) error {
				if random.Float64() < 0.5 {
					return refusal
				}
				return nil
			}
			s.run()
			s.eventually(func(c *assert.CollectT) {
				s.clock.advance(time.Minute)
				got, _ := s.dest.whole()
				assert.Equal(c, idRange(1, 1000), got)
			})
			_, repeated := s.dest.whole()
			assert.Zero(t, repeated)
		})
	}
}

// The only row is refused: nobody can tell who is to blame until another row comes.
func TestIdleHead(t *testing.T) {
	s := newRefusalSetup(t, 1)
	s.dest.answer = refuseTokens(true, "t1")
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "deliver event 1: ")
	execute(t, s.config.Database, insert("n", 1))
	s.waitForWhole([]int64{2})
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(2), s.cursor(c)) })
	assert.Equal(t, []int64{1}, s.kept(newQuarantine()))
	s.host.waitFor(t, componentstatus.StatusOK, "")
}

// Rows that are refused come one by one, and then one that is not.
func TestRefusedRowsComeOneByOne(t *testing.T) {
	s := newRefusalSetup(t, 1)
	s.dest.answer = func(r request) error {
		if slices.ContainsFunc(r.events, func(e event) bool { return strings.HasPrefix(e.TokenID, "t") }) {
			return errBadRequest
		}
		return nil
	}
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "deliver event 1: ")
	for range 4 {
		before := s.dest.count()
		execute(t, s.config.Database, insert("t", 1))
		s.eventually(func(c *assert.CollectT) { assert.Greater(c, s.dest.count(), before+20) })
	}
	execute(t, s.config.Database, insert("n", 5))
	s.waitForWhole(idRange(6, 10))
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(10), s.cursor(c)) })
	assert.Equal(t, idRange(1, 5), s.kept(newQuarantine()))
}

// The last rows are a burst of rows that are refused in every form, more than a batch.
func TestPoisonBurstAtTheEnd(t *testing.T) {
	s := newRefusalSetup(t, 100)
	s.config.BatchSize = 20
	execute(t, s.config.Database, insert("p", 60))
	s.dest.answer = refuseTokens(true, tokenRange("p", 1, 60)...)
	s.run()
	s.waitForWhole(idRange(1, 100))
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "mapper_parsing_exception")
	execute(t, s.config.Database, insert("n", 60))
	s.waitForWhole(append(idRange(1, 100), idRange(161, 220)...))
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(220), s.cursor(c)) })
	assert.Equal(t, idRange(101, 160), s.kept(newQuarantine()))
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
}

// An innocent newest row is found behind more than a batch of refused ones.
func TestNewestBehindPoison(t *testing.T) {
	s := newRefusalSetup(t, 60)
	s.config.BatchSize = 20
	execute(t, s.config.Database, insert("n", 1))
	s.dest.answer = refuseTokens(true, tokenRange("t", 1, 60)...)
	s.run()
	s.waitForWhole([]int64{61})
}

// 413 that is never permanent: the window shrinks, and nothing is blamed.
func TestTooLargeIsNeverPermanent(t *testing.T) {
	s := newRefusalSetup(t, 1000)
	s.dest.answer = func(r request) error {
		if len(r.events) > 64 {
			return errors.New("413 Request Entity Too Large")
		}
		return nil
	}
	s.run()
	s.waitForWhole(idRange(1, 1000))
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
	assert.Empty(t, s.kept(newOwed()))
	assert.Empty(t, s.kept(newQuarantine()))
}

// 503 for one row does not stop the others.
func TestUnavailableForOneRow(t *testing.T) {
	s := newRefusalSetup(t, 200)
	s.dest.answer = func(r request) error {
		if r.has("t100") {
			return errUnavailable
		}
		return nil
	}
	s.run()
	s.eventually(func(c *assert.CollectT) {
		s.clock.advance(10 * time.Second)
		got, _ := s.dest.whole()
		assert.Equal(c, without(idRange(1, 200), 100), got)
	})
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, []int64{100}, s.kept(newOwed())) })
}

// With on_refusal: drop, the event to blame is dropped, counted and logged, and no
// other.
func TestDrop(t *testing.T) {
	s := newRefusalSetup(t, 1000)
	s.config.OnRefusal = RefusalDrop
	s.dest.answer = refuseTokens(true, "t500", "t501")
	s.run()
	s.waitForWhole(without(idRange(1, 1000), 500, 501))
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(1000), s.cursor(c)) })
	dropped := s.logs.FilterMessageSnippet("`on_refusal` is `drop`").All()
	require.Len(t, dropped, 2)
	assert.EqualValues(t, 500, dropped[0].ContextMap()["id"])
	assert.Contains(t, dropped[0].ContextMap()["reason"], "mapper_parsing_exception")
	assert.Empty(t, s.kept(newQuarantine()))
	// Destinations that accept nothing lose nothing with it.
	s.dest.set(func(request) error { return errUnauthorized })
	execute(t, s.config.Database, insert("n", 2))
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "401 Unauthorized")
	s.dest.set(nil)
	s.waitForWhole(without(idRange(1, 1002), 500, 501))
}

// The log of a collector leaves out lines of a burst: a list has all ids.
func TestManyRefusalsAreListed(t *testing.T) {
	for _, mode := range []string{RefusalHold, RefusalDrop} {
		t.Run(mode, func(t *testing.T) {
			s := newRefusalSetup(t, 300)
			s.config.OnRefusal = mode
			s.dest.answer = refuseTokens(true, tokenRange("t", 101, 150)...)
			s.run()
			s.eventually(func(c *assert.CollectT) {
				assert.NotEmpty(c, s.memory.stored())
				assert.Equal(c, int64(300), s.cursor(c))
			})
			assert.Equal(t, 10, s.logs.FilterMessageSnippet("refuses").FilterFieldKey("id").Len())
			s.clock.advance(2 * time.Minute)
			s.eventually(func(c *assert.CollectT) {
				want := "101-150"
				if mode == RefusalDrop {
					want = "111-150" // the first have a line each
				}
				assert.Equal(c, 1, s.logs.FilterField(zap.String("ids", want)).Len())
			})
		})
	}
}

// Whoever delivers refused events by hand needs the id of each, however many there
// are. Those that are dropped are kept nowhere else, so they do not wait for long: a
// crash would lose their ids.
func TestEachRefusedEventIsNamed(t *testing.T) {
	for mode, delay := range map[string]time.Duration{RefusalHold: 2 * time.Minute, RefusalDrop: 10 * time.Second} {
		t.Run(mode, func(t *testing.T) {
			s := newRefusalSetup(t, 300)
			s.config.OnRefusal = mode
			var refused []int64
			var tokens []string
			for id := int64(1); id < 300; id += 2 { // no two of them are one range
				refused, tokens = append(refused, id), append(tokens, fmt.Sprintf("t%d", id))
			}
			s.dest.answer = refuseTokens(true, tokens...)
			s.run()
			s.eventually(func(c *assert.CollectT) {
				assert.NotEmpty(c, s.memory.stored())
				assert.Equal(c, int64(300), s.cursor(c))
			})
			s.clock.advance(delay)
			s.eventually(func(c *assert.CollectT) { assert.Equal(c, refused, s.named()) })
		})
	}
}

// named are the ids of refused events that the log names.
func (s *refusalSetup) named() []int64 {
	var ids []int64
	for _, entry := range s.logs.FilterMessageSnippet("refuses").All() {
		fields := entry.ContextMap()
		if id, ok := fields["id"].(int64); ok {
			ids = append(ids, id)
		}
		if list, ok := fields["ids"].(string); ok {
			for text := range strings.SplitSeq(list, ",") {
				id, err := strconv.ParseInt(text, 10, 64)
				require.NoError(s.t, err, list)
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Events that are refused are listed, and given up when the configuration says so.
func TestGiveUp(t *testing.T) {
	s := newRefusalSetup(t, 100)
	s.dest.answer = refuseTokens(true, "t10", "t11", "t12", "t50")
	stop := s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(100), s.cursor(c)) })
	stop()
	s.config.GiveUp = []int64{11, 50, 77}
	stop = s.run()
	s.eventually(func(c *assert.CollectT) {
		assert.Equal(c, 2, s.logs.FilterMessageSnippet("`give_up` names it").Len())
		listed := s.logs.FilterMessageSnippet("they are kept and retried every hour").All()
		if assert.NotEmpty(c, listed) {
			assert.Equal(c, "10,12", listed[len(listed)-1].ContextMap()["ids"])
		}
	})
	stop()
	assert.Equal(t, []int64{10, 12}, s.kept(newQuarantine()))
}

// An id in `give_up` is meant for the event that was refused when the configuration
// got it: another event that gets the same id later, and is refused, stays.
func TestGiveUpOfAnIDThatIsUsedAgain(t *testing.T) {
	s := newRefusalSetup(t, 100)
	s.dest.answer = refuseTokens(true, "t11", "t12", "u11", "u12", "u50")
	stop := s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(100), s.cursor(c)) })
	stop()
	s.config.GiveUp = []int64{50, 11}
	stop = s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, []int64{12}, s.kept(newQuarantine())) })
	stop()

	rename(t, newDatabase(t, insert("u", 100)), s.config.Database)
	stop = s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, []int64{11, 12, 50}, s.kept(newQuarantine())) })
	stop()
	start := func() {
		starts := s.logs.FilterMessage("Reading events").Len()
		stop := s.run()
		s.eventually(func(c *assert.CollectT) { assert.Greater(c, s.logs.FilterMessage("Reading events").Len(), starts) })
		stop()
	}
	for range 2 { // with the same list
		start()
		assert.Equal(t, []int64{11, 12, 50}, s.kept(newQuarantine()))
	}

	s.config.GiveUp = []int64{11} // 50 is taken out
	start()
	s.config.GiveUp = []int64{11, 50} // and comes again
	s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, []int64{11, 12}, s.kept(newQuarantine())) })
}

// A row that is gone, or that is another row now, leaves the quarantine.
func TestQuarantineOfRowsThatAreGone(t *testing.T) {
	s := newRefusalSetup(t, 100)
	s.dest.answer = refuseTokens(true, "t10", "t11", "t12")
	stop := s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(100), s.cursor(c)) })
	stop()
	execute(t, s.config.Database, "DELETE FROM events WHERE id = 10", "UPDATE events SET user_agent = 'other' WHERE id = 11")
	s.dest.set(nil)
	s.run()
	s.eventually(func(c *assert.CollectT) { assert.Empty(c, s.kept(newQuarantine())) })
	var gone []int64
	for _, line := range s.logs.FilterMessageSnippet("its row was deleted or changed").All() {
		gone = append(gone, line.ContextMap()["id"].(int64))
	}
	slices.Sort(gone)
	assert.Equal(t, []int64{10, 11}, gone)
	s.waitForWhole(without(idRange(1, 100), 10, 11))
}

// Another registry_id changes all uids, and not what is in quarantine or done ahead.
func TestRenamedRegistryKeepsRefusedEvents(t *testing.T) {
	s := newRefusalSetup(t, 12)
	refuse := refuseTokens(true, "t3", "t5", "t10", "t11")
	held := false
	s.dest.answer = func(r request) error { // from the row done ahead on, nothing is accepted
		if held {
			return errUnauthorized
		}
		err := refuse(r)
		held = err == nil && r.has("t12")
		return err
	}
	stop := s.run()
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, []int64{3, 5, 10}, s.kept(newQuarantine())) })
	stop()
	require.Contains(t, s.memory.keys(), "done_ahead")
	s.config.RegistryID = "renamed"
	s.dest.set(nil)
	s.run()
	s.waitForWhole(idRange(1, 12))
	s.eventually(func(c *assert.CollectT) { assert.Empty(c, s.kept(newQuarantine())) })
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
	assert.Empty(t, s.logs.FilterMessageSnippet("its row was deleted").All())
}

// An owed event too many gives up the oldest, by name.
func TestTooManyOwedEvents(t *testing.T) {
	s := newRefusalSetup(t, 20)
	store := newCheckpointStore(s.memory, s.settings.Logger)
	p := &poller{config: s.config, store: store, logger: s.settings.Logger, now: time.Now}
	var err error
	p.telemetry, err = newTelemetry(s.settings)
	require.NoError(t, err)
	store.owed.limit = 3
	require.NoError(t, store.owed.load(t.Context(), s.memory.Get))
	for id := range int64(5) {
		p.owe(t.Context(), checkpoint.Refused{ID: id + 1, UID: strings.Repeat("a", 32), Reason: "400"})
	}
	var ids []int64
	for _, e := range store.owed.all() {
		ids = append(ids, e.ID)
	}
	assert.Equal(t, []int64{3, 4, 5}, ids)
	lines := s.logs.FilterMessageSnippet("too many are owed").All()
	require.Len(t, lines, 2)
	assert.EqualValues(t, 1, lines[0].ContextMap()["id"])
}

// A full quarantine holds, loudly, until there is room.
func TestFullQuarantine(t *testing.T) {
	const before = checkpoint.MaxQuarantine - 10
	s := newRefusalSetup(t, before)
	stop := s.run()
	s.waitForWhole(idRange(1, before))
	stop()
	s.quarantine(s.dest.events)
	s.dest.events = nil

	execute(t, s.config.Database, insert("t", 30), insert("n", 500))
	s.dest.answer = func(r request) error {
		if slices.ContainsFunc(r.events, func(e event) bool { return strings.HasPrefix(e.TokenID, "t") }) {
			return errBadRequest
		}
		return nil
	}
	s.run()
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "the quarantine holds 1000 events")
	assert.Equal(t, int64(checkpoint.MaxQuarantine), s.cursor(t))
	assert.Len(t, s.kept(newQuarantine()), checkpoint.MaxQuarantine)
	s.dest.set(nil)
	s.waitForWhole(idRange(1, before+530))
	s.eventually(func(c *assert.CollectT) { assert.Empty(c, s.kept(newQuarantine())) })
	s.host.waitFor(t, componentstatus.StatusOK, "")
}

// quarantine puts events into the quarantine of the storage.
func (s *refusalSetup) quarantine(events []event) {
	s.t.Helper()
	list := newQuarantine()
	require.NoError(s.t, list.load(s.t.Context(), s.memory.Get))
	for i := range events {
		list.add(checkpoint.Refused{ID: events[i].ID, UID: events[i].UID, Reason: "400", Since: time.Now(), Tried: time.Now()})
	}
	changes, err := list.changes()
	require.NoError(s.t, err)
	require.NoError(s.t, s.memory.Batch(s.t.Context(), changes...))
}

// A pipeline that fans out sends again what one of its destinations refuses with
// others: the repeats for the other one are bounded.
func TestFanOut(t *testing.T) {
	s := newRefusalSetup(t, 1000)
	other := &destination{}
	refuse := refuseTokens(true, "t500")
	s.dest.answer = func(r request) error {
		for i := range r.events { // the other one accepts everything
			other.mu.Lock()
			other.events = append(other.events, r.events[i])
			other.mu.Unlock()
		}
		return refuse(r)
	}
	s.run()
	s.waitForWhole(without(idRange(1, 1000), 500))
	s.eventually(func(c *assert.CollectT) { assert.Equal(c, int64(1000), s.cursor(c)) })
	ids, repeated := other.whole()
	assert.Equal(t, idRange(1, 1000), ids)
	assert.NotZero(t, repeated, "a fan-out repeats")
	assert.Less(t, repeated, 2100, "each halving sends half again")
	_, repeated = s.dest.whole()
	assert.Zero(t, repeated)
}

// A filter that drops half makes nil weak evidence. Nothing is lost beside a 401.
func TestFilterBesideWrongToken(t *testing.T) {
	s := newRefusalSetup(t, 400)
	even := func(e event) bool { return e.ID%2 == 0 }
	s.dest.answer = func(r request) error {
		if r.number < 40 && slices.ContainsFunc(r.events, even) {
			return errUnauthorized
		}
		return nil
	}
	s.run()
	s.eventually(func(c *assert.CollectT) {
		s.clock.advance(time.Minute)
		got, _ := s.dest.whole()
		assert.Equal(c, idRange(1, 400), got)
	})
	_, repeated := s.dest.whole()
	assert.Zero(t, repeated)
}

// Long values are cut only for the destination.
func TestLongValues(t *testing.T) {
	s := newRefusalSetup(t, 10)
	execute(t, s.config.Database, fmt.Sprintf("INSERT INTO events(token_id, kind, timestamp, user_agent) SELECT 'long', 'http_img', 1735000000, '%s'", strings.Repeat("x", 64<<10)), insert("n", 10))
	s.run()
	s.waitForWhole(idRange(1, 21))
	s.dest.mu.Lock()
	defer s.dest.mu.Unlock()
	for _, e := range s.dest.events {
		assert.Equal(t, cmp.Compare(e.TokenID, "long") == 0, e.Truncated == "user_agent", e.TokenID)
		assert.LessOrEqual(t, len(e.UserAgent), s.config.MaxValueBytes)
	}
}
