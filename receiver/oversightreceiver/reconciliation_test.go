// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadatatest"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// records is a pipeline that separates events and findings.
type records struct {
	answer func(call int) error // nil: accepts everything

	// answerCheckpoint is the same for calls with a checkpoint record, which do not count.
	answerCheckpoint func(call int) error
	// blocksCheckpoints makes these calls wait for their context.
	blocksCheckpoints bool

	mu              sync.Mutex
	calls           int
	checkpointCalls int
	events          []event
	findings        []finding
	checkpoints     []translator.Checkpoint
}

func (*records) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (r *records) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if _, ok := checkpointIn(logs); ok && r.blocksCheckpoints {
		<-ctx.Done()
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := checkpointIn(logs); ok {
		r.checkpointCalls++
		if r.answerCheckpoint != nil {
			if err := r.answerCheckpoint(r.checkpointCalls); err != nil {
				return err
			}
		}
		r.checkpoints = append(r.checkpoints, c)
		return nil
	}
	r.calls++
	if r.answer != nil {
		if err := r.answer(r.calls); err != nil {
			return err
		}
	}
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
	return nil
}

// checkpointIn returns the checkpoint record of a request, which holds nothing else.
func checkpointIn(logs plog.Logs) (translator.Checkpoint, bool) {
	if logs.LogRecordCount() != 1 {
		return translator.Checkpoint{}, false
	}
	resource := logs.ResourceLogs().At(0)
	record := resource.ScopeLogs().At(0).LogRecords().At(0)
	if !translator.IsCheckpoint(record) {
		return translator.Checkpoint{}, false
	}
	c, _ := translator.CheckpointFromLogRecord(resource.Resource(), record)
	return c, true
}

// statuses counts events.
func (r *records) statuses() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	statuses := map[string]int{}
	for i := range r.events {
		statuses[r.events[i].TlogStatus]++
	}
	return statuses
}

// kinds lists the findings' kinds, each once. Records of rows that were compared again are
// no findings.
func (r *records) kinds() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	kinds := []string{}
	for i := range r.findings {
		if kind := r.findings[i].Kind; kind != translator.IntegrityRowsRechecked && !slices.Contains(kinds, kind) {
			kinds = append(kinds, r.findings[i].Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

func (r *records) all() ([]event, []finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events), slices.Clone(r.findings)
}

// logSetup is a receiver with a registry of its own.
type logSetup struct {
	*setup
	t        *testing.T
	settings registrygen.Settings
	registry *registrygen.Registry
	records  *records
	log      *TransparencyLogConfig
}

// newLogSetup generates a registry with so many events.
func newLogSetup(t *testing.T, events int) *logSetup {
	t.Helper()
	dir := t.TempDir()
	a := &logSetup{t: t, records: &records{}, settings: registrygen.Settings{
		Database: filepath.Join(dir, "registry.sqlite"), TlogDir: filepath.Join(dir, "tlog"), Seed: 1, Start: registrygen.DefaultStart,
	}}
	a.open()
	a.write(events)
	a.setup = newSetup(t, a.settings.Database)
	a.config.BatchSize = 7
	a.log = a.config.TransparencyLog.GetOrInsertDefault()
	a.log.Leaves = filepath.Join(a.settings.TlogDir, registrygen.LeavesFile)
	a.log.PublicKey = hex.EncodeToString(a.registry.PublicKey())
	a.log.Grace = time.Second
	return a
}

func (a *logSetup) open() {
	a.t.Helper()
	registry, err := registrygen.Open(a.t.Context(), a.settings)
	require.NoError(a.t, err)
	a.registry = registry
	a.t.Cleanup(func() { assert.NoError(a.t, registry.Close()) })
}

func (a *logSetup) write(events int) {
	a.t.Helper()
	for range events {
		_, err := a.registry.WriteEvent(a.t.Context())
		require.NoError(a.t, err)
	}
}

// tamper does damage to the registry, which is not running meanwhile.
func (a *logSetup) tamper(kind registrygen.Kind, options registrygen.TamperOptions) registrygen.Damage {
	a.t.Helper()
	require.NoError(a.t, a.registry.Close())
	damage, err := registrygen.Tamper(a.t.Context(), a.settings, kind, options)
	require.NoError(a.t, err)
	return damage
}

func (a *logSetup) run() (stop func()) {
	a.t.Helper()
	require.NoError(a.t, a.config.Validate())
	r, err := NewFactory().CreateLogs(a.t.Context(), a.setup.settings, a.config, a.records)
	require.NoError(a.t, err)
	r.(*oversightReceiver).now = a.clock.now
	require.NoError(a.t, r.Start(a.t.Context(), a.host))
	var once sync.Once
	stop = func() {
		once.Do(func() { assert.NoError(a.t, r.Shutdown(context.WithoutCancel(a.t.Context()))) })
	}
	a.t.Cleanup(stop)
	return stop
}

func (a *logSetup) waitForEvents(statuses map[string]int) {
	a.t.Helper()
	require.EventuallyWithT(a.t, func(c *assert.CollectT) { assert.Equal(c, statuses, a.records.statuses()) }, patience, time.Millisecond)
}

func (a *logSetup) waitForKinds(kinds ...string) {
	a.t.Helper()
	slices.Sort(kinds)
	kinds = append([]string{}, slices.Compact(kinds)...)
	require.EventuallyWithT(a.t, func(c *assert.CollectT) { assert.Equal(c, kinds, a.records.kinds()) }, patience, time.Millisecond)
}

// waitForGrace waits until leaves that are there now would have been reported as
// without a row: it writes a leaf whose row the database refuses, and waits until
// that is reported.
func (a *logSetup) waitForGrace() {
	a.t.Helper()
	head, err := a.registry.Head()
	require.NoError(a.t, err)
	execute(a.t, a.settings.Database, "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'refused'); END")
	_, err = a.registry.WriteEvent(a.t.Context())
	require.Error(a.t, err)
	execute(a.t, a.settings.Database, "DROP TRIGGER refuse")
	require.EventuallyWithT(a.t, func(c *assert.CollectT) {
		_, findings := a.records.all()
		assert.True(c, slices.ContainsFunc(findings, func(f finding) bool {
			return f.Kind == translator.IntegrityLeafWithoutRow && f.TlogIndex <= head.Size && max(f.TlogIndex, f.TlogLastIndex) == head.Size
		}))
	}, patience, time.Millisecond)
}

// serveHeads makes the receiver compare the log with the heads that the handler
// serves.
func (a *logSetup) serveHeads(handler http.Handler) {
	a.t.Helper()
	server := httptest.NewServer(handler)
	a.t.Cleanup(server.Close)
	head := a.log.TreeHead.GetOrInsertDefault()
	head.ClientConfig.Endpoint = server.URL
	head.Interval = time.Second
}

// headFile serves the head that the generator leaves in a file.
func (a *logSetup) headFile() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(filepath.Dir(a.settings.Database), "signed-head.json"))
	})
}

func TestHonestRegistry(t *testing.T) {
	a := newLogSetup(t, 50)
	a.serveHeads(a.registry.Handler())
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 50})
	a.write(25)
	a.waitForEvents(map[string]int{"verified": 75})
	stop()
	a.write(10)
	a.run()
	a.waitForEvents(map[string]int{"verified": 85})
	a.waitForGrace()
	_, findings := a.records.all()
	require.Len(t, findings, 1, "only the leaf that waitForGrace left without a row")
	assert.Equal(t, "deadbeef", findings[0].RegistryID)
	assert.Contains(t, findings[0].Message, "has no row")
	assert.Contains(t, a.memory.stateOf("log"), `"heads":[{"size":`, "the registry's head was compared")
}

// stateOf is what a storage holds under a key.
func (m *memory) stateOf(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.data[key])
}

// A receiver that starts after the damage finds what can be found then. One that has
// read the registry before finds every kind of damage. Neither finds anything else.
func TestDamage(t *testing.T) {
	const events = 40
	for _, kind := range registrygen.Kinds() {
		t.Run(string(kind)+"/read afterwards", func(t *testing.T) {
			a := newLogSetup(t, events)
			a.serveHeads(a.headFile())
			damage := a.tamper(kind, registrygen.TamperOptions{})
			stop := a.run()
			a.waitForKinds(damage.Findings...)
			rows := len(idsIn(t, a.settings.Database))
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				got, _ := a.records.all()
				assert.Len(c, got, rows)
			}, patience, time.Millisecond)
			stop()
			a.waitForKinds(damage.Findings...)
			got, _ := a.records.all()
			for i := range got {
				if damage.Status != "" && got[i].ID >= damage.FirstRow && got[i].ID <= damage.LastRow {
					assert.Equal(t, damage.Status, got[i].TlogStatus, damage.String())
					assert.Equal(t, damage.Mismatch, got[i].TlogMismatch, damage.String())
				}
			}
		})
		for _, replace := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/read before/replaced file %t", kind, replace), func(t *testing.T) {
				a := newLogSetup(t, events)
				a.serveHeads(a.headFile())
				stop := a.run()
				a.waitForEvents(map[string]int{"verified": events})
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					assert.Contains(c, a.memory.stateOf("log"), `"heads":[{"size":`)
				}, patience, time.Millisecond)
				stop()
				require.Empty(t, a.records.kinds())
				damage := a.tamper(kind, registrygen.TamperOptions{Replace: replace})
				stop = a.run()
				a.waitForKinds(damage.FindingsAfterPriorRead...)
				stop()
				a.waitForKinds(damage.FindingsAfterPriorRead...)
				_, found := a.records.all()
				// Nothing is found twice, also by another start.
				before := a.logs.FilterMessage("Reading events").Len()
				stop = a.run()
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					assert.Greater(c, a.logs.FilterMessage("Reading events").Len(), before)
				}, patience, time.Millisecond)
				stop() // when it has read everything once
				_, foundNow := a.records.all()
				assert.Len(t, foundNow, len(found))
			})
		}
	}
}

func idsIn(t *testing.T, database string) (ids []int64) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database+"?mode=ro")
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT id FROM events ORDER BY id")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		require.NoError(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(t, rows.Err())
	return ids
}

// An event does not wait for a log that cannot be read, and makes no finding once it
// can.
func TestLogThatIsNotThereYet(t *testing.T) {
	a := newLogSetup(t, 20)
	a.log.Wait = 0
	away := a.log.Leaves + ".away"
	require.NoError(t, os.Rename(a.log.Leaves, away))
	a.run()
	a.waitForEvents(map[string]int{"unavailable": 20})
	a.host.waitFor(t, componentstatus.StatusRecoverableError, a.log.Leaves)
	require.NoError(t, os.Rename(away, a.log.Leaves))
	a.host.waitFor(t, componentstatus.StatusOK, "")
	a.write(5)
	a.waitForEvents(map[string]int{"unavailable": 20, "verified": 5})
	assert.Empty(t, a.records.kinds())
}

// A row waits for a leaf that is not written in full yet.
func TestLeafThatComesLate(t *testing.T) {
	a := newLogSetup(t, 20)
	a.log.Wait = patience
	whole, err := os.ReadFile(a.log.Leaves)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(a.log.Leaves, int64(len(whole)-100)))
	a.config.BatchSize = 19
	a.run()
	a.waitForEvents(map[string]int{"verified": 19})
	file, err := os.OpenFile(a.log.Leaves, os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	_, err = file.Write(whole[len(whole)-100:])
	require.NoError(t, err)
	require.NoError(t, file.Close())
	a.waitForEvents(map[string]int{"verified": 20})
	assert.Empty(t, a.records.kinds())
}

// Events that a pipeline did not accept are checked again, and are not duplicates of
// themselves.
func TestRefusedEventsAreNoDuplicates(t *testing.T) {
	for name, enabled := range map[string]bool{"retried": true, "read again": false} {
		t.Run(name, func(t *testing.T) {
			a := newLogSetup(t, 40)
			a.config.RetryConfig.Enabled = enabled
			a.records.answer = func(call int) error { return failIf(call%3 != 0) }
			a.run()
			a.waitForEvents(map[string]int{"verified": 40})
			assert.Empty(t, a.records.kinds())
		})
	}
}

// A checkpoint that is not saved, or that is saved with an error, costs repeats and
// makes no false findings.
func TestReconciliationOverFailingStorage(t *testing.T) {
	for name, stored := range map[string]bool{"not stored": false, "stored with an error": true} {
		t.Run(name, func(t *testing.T) {
			a := newLogSetup(t, 40)
			a.memory.setErr = func(call int) (error, bool) { return errOr(call%2 == 0), stored }
			for range 4 {
				stop := a.run()
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					assert.Equal(c, []string{"verified"}, slices.Collect(maps.Keys(a.records.statuses())))
					got, _ := a.records.all()
					assert.True(c, slices.ContainsFunc(got, func(e event) bool { return e.ID == int64(len(idsIn(t, a.settings.Database))) }))
				}, patience, 10*time.Millisecond)
				stop()
				a.write(10)
			}
			assert.Empty(t, a.records.kinds())
		})
	}
}

func errOr(fail bool) error {
	if fail {
		return errDisk
	}
	return nil
}

// A checkpoint without what is known of the log: the log is trusted as it is.
func TestReconciliationIsTurnedOnLate(t *testing.T) {
	a := newLogSetup(t, 20)
	transparencyLog := a.config.TransparencyLog
	a.config.TransparencyLog = configoptional.None[TransparencyLogConfig]()
	stop := a.run()
	a.waitForEvents(map[string]int{"": 20})
	stop()
	a.config.TransparencyLog = transparencyLog
	stop = a.run()
	a.write(20)
	a.waitForEvents(map[string]int{"": 20, "verified": 20})
	stop()

	// Without it for a while, rows come that are not checked: their leaves are not reported.
	a.config.TransparencyLog = configoptional.None[TransparencyLogConfig]()
	stop = a.run()
	a.write(20)
	a.waitForEvents(map[string]int{"": 40, "verified": 20})
	stop()
	a.config.TransparencyLog = transparencyLog
	a.run()
	a.write(20)
	a.waitForEvents(map[string]int{"": 40, "verified": 40})
	a.waitForGrace()
	_, findings := a.records.all()
	assert.Len(t, findings, 1, "the leaf that waitForGrace left without a row")
}

// Another database is a finding, and is read from its beginning or not at all.
func TestReplacedDatabaseIsAFinding(t *testing.T) {
	for _, how := range []string{ReplacedRestart, ReplacedStop} {
		t.Run(how, func(t *testing.T) {
			a := newLogSetup(t, 40)
			a.config.OnDatabaseReplaced = how
			stop := a.run()
			a.waitForEvents(map[string]int{"verified": 40})
			stop()
			none := int64(0) // rows are kept
			a.tamper(registrygen.DatabaseReplaced, registrygen.TamperOptions{At: &none})
			stop = a.run()
			require.EventuallyWithT(t, func(c *assert.CollectT) {
				assert.Contains(c, a.records.kinds(), translator.IntegrityDatabaseReplaced)
			}, patience, time.Millisecond)
			stop()
			_, findings := a.records.all()
			i := slices.IndexFunc(findings, func(f finding) bool { return f.Kind == translator.IntegrityDatabaseReplaced })
			assert.Equal(t, int64(40), findings[i].EventID)
			assert.NotEmpty(t, findings[i].RowUID)
		})
	}
}

// Leaves that were verified before a start are verified again after it, and that is
// logged.
func TestVerifiesThePastAgain(t *testing.T) {
	a := newLogSetup(t, 300)
	a.config.BatchSize = 100
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 300})
	stop()
	a.run()
	a.waitForLog("Verified the transparency log again", 1)
	started := a.logs.FilterMessage("Verifying the transparency log again").All()
	require.Len(t, started, 1)
	assert.Equal(t, "restart", started[0].ContextMap()["cause"])
	assert.Empty(t, a.records.kinds())
}

// A log that nobody has touched is verified again when the interval has passed, and
// the message never says that it was changed.
func TestScheduledReverification(t *testing.T) {
	a := newLogSetup(t, 600)
	a.config.BatchSize = 500
	r, err := NewFactory().CreateLogs(t.Context(), a.setup.settings, a.config, a.records)
	require.NoError(t, err)
	r.(*oversightReceiver).reverifyEvery = 20 * time.Millisecond
	require.NoError(t, r.Start(t.Context(), a.host))
	t.Cleanup(func() { assert.NoError(t, r.Shutdown(context.WithoutCancel(t.Context()))) })
	a.waitForEvents(map[string]int{"verified": 600})
	finished := func() int { return a.logs.FilterMessage("Verified the transparency log again").Len() }
	require.Eventually(t, func() bool { return finished() >= 3 }, patience, time.Millisecond)
	for _, message := range []string{"Verifying the transparency log again", "Verified the transparency log again"} {
		for _, entry := range a.logs.FilterMessage(message).All() {
			assert.Equal(t, "scheduled", entry.ContextMap()["cause"], message)
		}
	}
	assert.Empty(t, a.records.kinds())
}

func (a *logSetup) waitForLog(message string, times int) {
	a.t.Helper()
	require.EventuallyWithT(a.t, func(c *assert.CollectT) {
		assert.Equal(c, times, a.logs.FilterMessage(message).Len())
	}, patience, time.Millisecond)
}

func TestOldLeafRewritten(t *testing.T) {
	a := newLogSetup(t, 300)
	a.config.BatchSize = 100
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 300})
	stop()
	at := int64(30)
	a.tamper(registrygen.LeafRehashed, registrygen.TamperOptions{At: &at})
	a.run()
	a.waitForKinds(translator.IntegrityLogRewritten)
	_, findings := a.records.all()
	assert.NotEqual(t, findings[0].TlogExpectedRoot, findings[0].TlogRoot)
	assert.Len(t, findings[0].TlogExpectedRoot, 64)
	assert.Len(t, findings[0].TlogRoot, 64)
}

func TestReconciliationTelemetry(t *testing.T) {
	a := newLogSetup(t, 20)
	a.serveHeads(a.headFile())
	damage := a.tamper(registrygen.RowEdited, registrygen.TamperOptions{})
	tt := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, tt.Shutdown(context.WithoutCancel(t.Context()))) })
	a.setup.settings = metadatatest.NewSettings(tt)
	a.setup.settings.ID = component.NewIDWithName(metadata.Type, "x")
	a.run()
	a.waitForEvents(map[string]int{"verified": 19, "mismatch": 1})
	a.waitForKinds(damage.Findings...)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Contains(c, a.memory.stateOf("log"), `"heads":[{"size":45`)
	}, patience, time.Millisecond)
	point := func(n int64, more ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(append(more, attribute.String("receiver", "oversight/x"))...), Value: n}
	}
	any := metricdatatest.IgnoreTimestamp()
	events := map[string]int64{"verified": 19, "mismatch": 1, "missing": 0, "duplicate": 0, "unavailable": 0}
	findings := map[string]int64{translator.IntegrityRowMismatch: 1}
	for _, kind := range integrityKinds {
		findings[kind] += 0 // others exist, too: an increase from nothing is not seen
	}
	points := func(key string, values map[string]int64) (all []metricdata.DataPoint[int64]) {
		for value, n := range values {
			all = append(all, point(n, attribute.String(key, value)))
		}
		return all
	}
	metadatatest.AssertEqualOversightReceiverTlogEvents(t, tt, points("status", events), any)
	metadatatest.AssertEqualOversightReceiverTlogFindings(t, tt, points("kind", findings), any)
	metadatatest.AssertEqualOversightReceiverTlogSize(t, tt, []metricdata.DataPoint[int64]{point(45)}, any)
	metadatatest.AssertEqualOversightReceiverTlogHeadSize(t, tt, []metricdata.DataPoint[int64]{point(45)}, any)
}

// Rows that are older than `since` are not delivered, but they are checked: their
// leaves are theirs, wherever they are among the others.
func TestRowsBeforeSinceAreChecked(t *testing.T) {
	a := newLogSetup(t, 40)
	execute(t, a.settings.Database, "UPDATE events SET timestamp = 1000000 WHERE id IN (1, 2, 3, 18, 20, 21, 25, 40)")
	a.config.Since = "2001-01-01T00:00:00Z"
	a.run()
	a.waitForEvents(map[string]int{"verified": 32})
	a.waitForGrace()
	_, findings := a.records.all()
	require.Len(t, findings, 1, "only the leaf that waitForGrace left without a row")
	events, _ := a.records.all()
	assert.Len(t, events, 32)
}

// A row that the log does not confirm is found whatever its time is.
func TestForgedRowBeforeSince(t *testing.T) {
	a := newLogSetup(t, 40)
	execute(t, a.settings.Database, "UPDATE events SET timestamp = 1000000, token_id = 'forged' WHERE id IN (2, 20)")
	a.config.Since = "2001-01-01T00:00:00Z"
	a.run()
	a.waitForEvents(map[string]int{"verified": 38})
	a.waitForKinds(translator.IntegrityRowMismatch)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, findings := a.records.all()
		assert.Len(c, findings, 2)
	}, patience, time.Millisecond)
}

// A receiver that is stopped while an event waits for its leaf does not deliver it
// unchecked.
func TestShutdownWhileALeafIsLate(t *testing.T) {
	a := newLogSetup(t, 20)
	a.log.Wait = patience
	whole, err := os.ReadFile(a.log.Leaves)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(a.log.Leaves, int64(len(whole)-100)))
	a.config.BatchSize = 19
	stop := a.run()
	a.waitForEvents(map[string]int{"verified": 19})
	a.eventuallyStored(t, `"id":19`)
	stop()
	require.NoError(t, os.WriteFile(a.log.Leaves, whole, 0o600))
	a.run()
	a.waitForEvents(map[string]int{"verified": 20})
	assert.Empty(t, a.records.kinds())
}
