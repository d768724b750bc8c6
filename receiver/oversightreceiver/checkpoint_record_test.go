// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// newCheckpointSetup is a receiver that makes checkpoint records.
func newCheckpointSetup(t *testing.T, events int) *logSetup {
	t.Helper()
	a := newLogSetup(t, events)
	a.config.CheckpointRecords.Interval = time.Hour
	return a
}

func (r *records) checkpointRecords() []translator.Checkpoint {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.checkpoints)
}

func (a *logSetup) waitForCheckpoints(n int) []translator.Checkpoint {
	a.t.Helper()
	require.Eventually(a.t, func() bool { return len(a.records.checkpointRecords()) >= n }, patience, time.Millisecond)
	all := a.records.checkpointRecords()
	require.Len(a.t, all, n)
	return all
}

// A record is delivered after each interval, and one at shutdown. Each says what was
// delivered and verified since the one before it.
func TestCheckpointRecords(t *testing.T) {
	a := newCheckpointSetup(t, 50)
	a.serveHeads(a.registry.Handler())
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 50})
	head, err := a.registry.Head()
	require.NoError(t, err)
	require.Eventually(t, func() bool { return a.memory.savedHead() == head.Size }, patience, time.Millisecond)
	assert.Empty(t, a.records.checkpointRecords(), "the interval is not over")

	a.clock.advance(time.Hour)
	first := a.waitForCheckpoints(1)[0]
	events, _ := a.records.all()
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, "deadbeef", first.RegistryID)
	assert.Equal(t, host, first.Collector)
	assert.Equal(t, a.setup.settings.ID.String(), first.Receiver)
	assert.Equal(t, translator.CheckpointReasonInterval, first.Reason)
	assert.Equal(t, events[49].ID, first.LastEventID)
	assert.Equal(t, events[49].UID, first.LastRowUID)
	assert.Equal(t, []int64{50, 50, 0, 0, 0, 0}, []int64{first.Delivered, first.Verified, first.Mismatch, first.Missing, first.Duplicate, first.Unavailable})
	assert.True(t, first.Checked)
	assert.Equal(t, head.Size, first.TlogSize)
	assert.Equal(t, hex.EncodeToString(head.Root[:]), first.TlogRoot)
	assert.Equal(t, head.Size, first.HeadSize)
	assert.Equal(t, hex.EncodeToString(head.Root[:]), first.HeadRoot)
	assert.Len(t, first.HeadSignature, 128)
	assert.Zero(t, first.Quarantined+first.Reduced+first.Findings+first.Unresolved)
	assert.True(t, first.HoldingSince.IsZero())
	assert.WithinDuration(t, first.Since.Add(time.Hour), first.Observed, patience)
	assert.Contains(t, first.Message, "Events up to id "+strconv.FormatInt(first.LastEventID, 10)+" are delivered")

	a.write(25)
	a.waitForEvents(map[string]int{"verified": 75})
	stop()
	last := a.waitForCheckpoints(2)[1]
	assert.Equal(t, translator.CheckpointReasonShutdown, last.Reason)
	assert.Equal(t, []int64{25, 25}, []int64{last.Delivered, last.Verified})
	assert.Equal(t, first.Observed, last.Since)
	assert.NotEqual(t, first.UID, last.UID)
	assert.Greater(t, last.TlogSize, first.TlogSize)
}

// savedHead is the size of the head in the checkpoint that was saved; 0: none.
func (m *memory) savedHead() int64 {
	_, text, found := strings.Cut(m.stateOf("log"), `"heads":[{"size":`)
	if !found {
		return 0
	}
	digits, _, _ := strings.Cut(text, ",")
	size, _ := strconv.ParseInt(digits, 10, 64)
	return size
}

// Without a log, records say what is delivered, and nothing of a log.
func TestCheckpointRecordsWithoutALog(t *testing.T) {
	a := newCheckpointSetup(t, 20)
	a.config.TransparencyLog = createDefaultConfig().(*Config).TransparencyLog
	a.config.CheckpointRecords.Collector = "collector-1"
	stop := a.run()
	a.waitForEvents(map[string]int{"": 20})
	stop()
	c := a.waitForCheckpoints(1)[0]
	assert.Equal(t, "collector-1", c.Collector)
	assert.Equal(t, int64(20), c.Delivered)
	assert.False(t, c.Checked)
	assert.Zero(t, c.TlogSize+c.HeadSize)
	assert.Empty(t, c.TlogRoot+c.HeadRoot)
}

// What the log does not confirm is counted by its status.
func TestCheckpointRecordsCountStatuses(t *testing.T) {
	a := newCheckpointSetup(t, 40)
	a.tamper(registrygen.RowEdited, registrygen.TamperOptions{})
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 39, "mismatch": 1})
	a.waitForKinds("row_mismatch")
	stop()
	c := a.waitForCheckpoints(1)[0]
	assert.Equal(t, []int64{40, 39, 1}, []int64{c.Delivered, c.Verified, c.Mismatch})
}

// Events whose leaves were not there wait to be checked again, until they are.
func TestCheckpointRecordsCountUnresolvedEvents(t *testing.T) {
	a := newCheckpointSetup(t, 20)
	leaves := a.log.Leaves
	a.log.Wait = time.Millisecond
	require.NoError(t, os.Rename(leaves, leaves+".away"))
	stop := a.run()
	a.waitForEvents(map[string]int{"unavailable": 20})
	stop()
	away := a.waitForCheckpoints(1)[0]
	assert.Equal(t, []int64{20, 0, 20, 20}, []int64{away.Delivered, away.Verified, away.Unavailable, away.Unresolved})

	require.NoError(t, os.Rename(leaves+".away", leaves))
	stop = a.run()
	require.Eventually(t, func() bool {
		_, findings := a.records.all()
		return slices.ContainsFunc(findings, func(f finding) bool { return f.Kind == translator.IntegrityRowsRechecked })
	}, patience, time.Millisecond)
	stop()
	back := a.waitForCheckpoints(2)[1]
	assert.Zero(t, back.Unresolved)
}

// A record that is not accepted is replaced by the next one, which counts from the last
// that was.
func TestCheckpointRecordsAreReplaced(t *testing.T) {
	for name, answer := range map[string]error{"for now": errors.New("busy"), "for good": consumererror.NewPermanent(errors.New("400"))} {
		t.Run(name, func(t *testing.T) {
			a := newCheckpointSetup(t, 20)
			var accepts atomic.Bool
			a.records.answerCheckpoint = func(int) error {
				if !accepts.Load() {
					return answer
				}
				return nil
			}
			stop := a.run()
			a.waitForEvents(map[string]int{"verified": 20})
			a.clock.advance(time.Hour)
			a.host.waitFor(t, componentstatus.StatusRecoverableError, "deliver a checkpoint record")
			a.write(5)
			a.waitForEvents(map[string]int{"verified": 25})
			accepts.Store(true)
			if consumererror.IsPermanent(answer) {
				a.clock.advance(time.Hour)
			}
			all := a.waitForCheckpoints(1)
			a.host.waitFor(t, componentstatus.StatusOK, "")
			stop()
			all = append(all[:0:0], a.waitForCheckpoints(2)...)
			assert.Equal(t, int64(25), all[0].Delivered+all[1].Delivered, "none is counted twice, and none is missing")
			assert.Equal(t, all[0].Observed, all[1].Since)
		})
	}
}

// Events do not wait for a pipeline that accepts no checkpoint record, and a shutdown does
// not send it another one.
func TestCheckpointRecordsHoldUpNothing(t *testing.T) {
	a := newCheckpointSetup(t, 20)
	a.records.answerCheckpoint = func(int) error { return errors.New("unavailable") }
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 20})
	a.clock.advance(time.Hour)
	a.host.waitFor(t, componentstatus.StatusRecoverableError, "deliver a checkpoint record")
	a.write(20)
	a.waitForEvents(map[string]int{"verified": 40})
	begin := time.Now()
	stop()
	assert.Less(t, time.Since(begin), lastRecordTimeout)
	assert.Empty(t, a.records.checkpointRecords())
	assert.NotContains(t, a.memory.keys(), "outbox/1", "none waits in the checkpoint")
}

// A shutdown waits for the answer to the last record for a second, and no longer.
func TestLastCheckpointRecordIsBounded(t *testing.T) {
	a := newCheckpointSetup(t, 20)
	a.records.blocksCheckpoints = true
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 20})
	begin := time.Now()
	stop()
	assert.GreaterOrEqual(t, time.Since(begin), lastRecordTimeout)
	assert.Less(t, time.Since(begin), shutdownTimeout-abortTimeout)
}

// With an interval of 0, there are none.
func TestNoCheckpointRecords(t *testing.T) {
	a := newCheckpointSetup(t, 20)
	a.config.CheckpointRecords.Interval = 0
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 20})
	a.clock.advance(2 * time.Hour)
	a.write(5)
	a.waitForEvents(map[string]int{"verified": 25})
	stop()
	assert.Empty(t, a.records.checkpointRecords())
}

// A receiver that has delivered nothing says so.
func TestCheckpointRecordBeforeTheFirstEvent(t *testing.T) {
	a := newCheckpointSetup(t, 0)
	stop := a.run()
	require.Eventually(t, func() bool { return a.logs.FilterMessage("Reading events").Len() > 0 }, patience, time.Millisecond)
	a.clock.advance(time.Hour)
	c := a.waitForCheckpoints(1)[0]
	stop()
	assert.Zero(t, c.LastEventID)
	assert.Empty(t, c.LastRowUID)
	assert.Contains(t, c.Message, "No event is delivered yet")
	assert.Zero(t, c.HeadSize)
}
