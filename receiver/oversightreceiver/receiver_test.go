// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadatatest"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

func TestDeliversAndResumes(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 7)))
	s.restart(t, tokenRange("t", 1, 7))
	execute(t, s.config.Database, insert("n", 2))
	s.restart(t, []string{"n1", "n2"})
	assert.Empty(t, s.logs.FilterMessageSnippet("No `storage`").All())
}

func TestRowsCommittedWhileRunning(t *testing.T) {
	s := newSetup(t, newDatabase(t))
	s.start(t)
	for i := 1; i <= 20; i++ {
		execute(t, s.config.Database, "INSERT INTO events(token_id, kind, timestamp) VALUES ('t"+strconv.Itoa(i)+"', 'dns', 1)")
		s.sink.waitFor(t, tokenRange("t", 1, i))
	}
}

func TestWithoutStorage(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 2)))
	s.config.StorageID = nil
	s.restart(t, tokenRange("t", 1, 2))
	s.restart(t, tokenRange("t", 1, 2))
	warnings := s.logs.FilterMessageSnippet("No `storage`").All()
	require.NotEmpty(t, warnings)
	assert.Equal(t, "beginning", warnings[0].ContextMap()["start_at"])
}

func TestStartAtEnd(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 7)))
	s.config.StartAt = StartAtEnd
	stop := s.start(t)
	require.Eventually(t, func() bool { return s.memory.stored() != "" }, patience, time.Millisecond)
	stop()
	assert.Empty(t, s.sink.tokens())
	execute(t, s.config.Database, insert("n", 2)) // while the collector is down
	s.restart(t, []string{"n1", "n2"})
	s.config.StartAt = StartAtBeginning // counts only without a checkpoint
	execute(t, s.config.Database, insert("o", 1))
	s.restart(t, []string{"o1"})
}

func TestSince(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 7),
		"INSERT INTO events(token_id, kind, timestamp) VALUES ('none', 'dns', 0), ('late', 'dns', 1735000100), ('early', 'dns', 1)"))
	s.config.Since = "1735000005"
	s.start(t)
	s.sink.waitFor(t, []string{"t5", "t6", "t7", "none", "late"})
	require.Eventually(t, func() bool { return strings.Contains(s.memory.stored(), `"id":10`) }, patience, time.Millisecond,
		"the cursor moves past skipped rows")
}

func TestReplacedDatabase(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 5)))
	s.restart(t, tokenRange("t", 1, 5))
	require.NoError(t, os.Rename(newDatabase(t, insert("o", 4)), s.config.Database))
	s.restart(t, append([]string{translator.IntegrityDatabaseReplaced}, tokenRange("o", 1, 4)...))
	assert.Len(t, s.logs.FilterMessageSnippet("was replaced").All(), 1)
	s.restart(t, []string{})
}

func TestReplacedByEmptyDatabaseWhileRunning(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 5)))
	s.start(t)
	s.sink.waitFor(t, tokenRange("t", 1, 5))
	require.NoError(t, os.Rename(newDatabase(t), s.config.Database))
	require.Eventually(t, func() bool { return s.logs.FilterMessageSnippet("was replaced").Len() == 1 }, patience, time.Millisecond)
	execute(t, s.config.Database, insert("n", 5))
	s.sink.waitFor(t, slices.Concat(tokenRange("t", 1, 5), []string{translator.IntegrityDatabaseReplaced}, tokenRange("n", 1, 5)))
}

func TestReplacedDatabaseStops(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 5)))
	s.config.OnDatabaseReplaced = ReplacedStop
	s.restart(t, tokenRange("t", 1, 5))
	require.NoError(t, os.Rename(newDatabase(t, insert("o", 9)), s.config.Database))
	for range 2 { // a restart does not make it forget
		stop := s.start(t)
		s.host.waitFor(t, componentstatus.StatusPermanentError, "was replaced since it was read up to id 5")
		stop()
		s.host.Report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
	assert.Equal(t, tokenRange("t", 1, 5), s.sink.tokens())
}

func TestDatabaseThatIsNotThereYet(t *testing.T) {
	s := newSetup(t, filepath.Join(t.TempDir(), "registry.sqlite"))
	s.start(t)
	s.host.waitFor(t, componentstatus.StatusRecoverableError, s.config.Database+": no such file or directory")
	require.NoError(t, os.WriteFile(s.config.Database, []byte("no database, and longer than a header has to be: ----------------------------------------------------------"), 0o600))
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "file is not a database")
	require.NoError(t, os.Rename(newDatabase(t, insert("t", 2)), s.config.Database))
	s.sink.waitFor(t, tokenRange("t", 1, 2))
	s.host.waitFor(t, componentstatus.StatusOK, "")
	assert.NotEmpty(t, s.logs.FilterMessage("Recovered").All())
}

func TestOtherErrorsAreRetried(t *testing.T) {
	for name, enabled := range map[string]bool{"with back-off": true, "at the next poll": false} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, newDatabase(t, insert("t", 7)))
			s.config.RetryConfig.Enabled = enabled
			s.sink.answer = func(call int, _ []string) error {
				if call%3 != 0 {
					assert.NotContains(t, s.memory.stored(), `"id":7`, "the cursor moved before the events were accepted")
					return errors.New("not now")
				}
				return nil
			}
			s.restart(t, tokenRange("t", 1, 7))
		})
	}
}

func TestRefusingPipelineIsReported(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 2)))
	var open atomic.Bool
	s.sink.answer = func(int, []string) error {
		if !open.Load() {
			return errors.New("queue is full")
		}
		return nil
	}
	s.start(t)
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "deliver events 1 to 2: queue is full")
	open.Store(true)
	s.host.waitFor(t, componentstatus.StatusOK, "")
	assert.Len(t, s.logs.FilterMessage(string(failureDeliver)).All(), 1, "a failure that lasts is logged once")
}

// Where the process may die or the disk may fail, and what is delivered after a
// restart: everything, and no more than one batch twice.
func TestFaults(t *testing.T) {
	all := tokenRange("t", 1, 7)
	for name, c := range map[string]struct {
		setErr func(call int) (error, bool)
		before []string // delivered with the fault
		after  []string // delivered after the restart
	}{
		"none": {nil, all, []string{}},
		"second save fails": {
			func(call int) (error, bool) { return failIf(call == 2), false }, all, []string{},
		},
		"all saves after the first fail": {
			func(call int) (error, bool) { return failIf(call > 1), false }, all, tokenRange("t", 4, 7),
		},
		"saves fail but are stored": {
			func(int) (error, bool) { return errDisk, true }, all, []string{},
		},
		"all saves fail": {
			func(int) (error, bool) { return errDisk, false }, all, all,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, newDatabase(t, insert("t", 7)))
			s.memory.setErr = c.setErr
			stop := s.start(t)
			s.sink.waitFor(t, c.before)
			if c.setErr != nil && name != "second save fails" {
				s.host.waitFor(t, componentstatus.StatusRecoverableError, "disk is full")
			}
			stop()
			s.memory.setErr = nil
			s.restart(t, c.after)
		})
	}
}

func failIf(b bool) error {
	if b {
		return errDisk
	}
	return nil
}

func TestUnreadableStorageIsNoFreshStart(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 4)))
	s.restart(t, tokenRange("t", 1, 4))
	var broken atomic.Bool
	broken.Store(true)
	s.memory.getErr = func() error { return failIf(broken.Load()) }
	s.sink.accepted = nil
	s.start(t)
	s.host.waitFor(t, componentstatus.StatusRecoverableError, "load checkpoint key \"checkpoint\": disk is full")
	broken.Store(false)
	s.host.waitFor(t, componentstatus.StatusOK, "")
	execute(t, s.config.Database, insert("n", 1))
	s.sink.waitFor(t, []string{"n1"})
}

func TestInvalidCheckpointReadsEverything(t *testing.T) {
	for name, data := range map[string]string{
		"no JSON":       "garbage",
		"other members": `{"version":1,"id":2,"event_uid":"","registry_id":"x","more":1}`,
		"no checksum":   `{"version":2,"id":2,"event_uid":"","registry_id":"x"}`,
		"empty":         "",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, newDatabase(t, insert("t", 4)))
			s.config.StartAt = StartAtEnd // must not make it skip events
			s.memory.data["checkpoint"] = []byte(data)
			s.restart(t, tokenRange("t", 1, 4))
			assert.Len(t, s.logs.FilterMessageSnippet("The checkpoint is damaged").All(), 1)
		})
	}
}

func TestStorageThatIsNotThere(t *testing.T) {
	s := newSetup(t, "registry.sqlite")
	for name, c := range map[string]struct {
		extensions map[component.ID]component.Component
		want       string
	}{
		"missing": {nil, "`storage` is \"memory\": must be an extension listed"},
		"other": {map[component.ID]component.Component{storageID: &struct {
			component.StartFunc
			component.ShutdownFunc
		}{}}, "must be a storage extension"},
	} {
		t.Run(name, func(t *testing.T) {
			s.host.extensions = c.extensions
			r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, s.sink)
			require.NoError(t, err)
			require.ErrorContains(t, r.Start(t.Context(), s.host), c.want)
			require.NoError(t, r.Shutdown(t.Context()))
		})
	}
}

func TestShutdownWaitsForTheBatchAndSaves(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 7)))
	begun, release := make(chan struct{}), make(chan struct{})
	s.sink.answer = func(call int, _ []string) error {
		if call == 1 {
			close(begun)
			<-release
		}
		return nil
	}
	stop := s.start(t)
	<-begun
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	close(release)
	<-stopped
	s.sink.answer = nil
	delivered := s.sink.tokens()
	require.GreaterOrEqual(t, len(delivered), 3)
	s.restart(t, tokenRange("t", len(delivered)+1, 7))
}

// blocked is a pipeline that holds a batch until its context ends, as exporters
// do that wait for a destination.
type blocked struct {
	once  sync.Once
	begun chan struct{}
}

func (*blocked) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (b *blocked) ConsumeLogs(ctx context.Context, _ plog.Logs) error {
	b.once.Do(func() { close(b.begun) })
	<-ctx.Done()
	return ctx.Err()
}

func TestShutdownGivesUpABlockedBatch(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 3)))
	b := &blocked{begun: make(chan struct{})}
	r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, b)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), s.host))
	<-b.begun
	require.NoError(t, r.Shutdown(t.Context())) // after its grace
	s.restart(t, tokenRange("t", 1, 3))
}

func TestCheckpointOfAnotherRegistryID(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 4)))
	s.restart(t, tokenRange("t", 1, 4))
	s.config.RegistryID = "renamed"
	execute(t, s.config.Database, insert("n", 1))
	s.restart(t, []string{"n1"})
}

func TestTelemetry(t *testing.T) {
	s := newSetup(t, newDatabase(t, insert("t", 5),
		"INSERT INTO events(token_id, kind, timestamp) VALUES ('bad', 'dns', 'soon')"))
	tt := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, tt.Shutdown(context.WithoutCancel(t.Context()))) })
	s.settings = metadatatest.NewSettings(tt)
	s.settings.ID = component.NewIDWithName(metadata.Type, "x")
	held, release := make(chan struct{}), make(chan struct{})
	s.sink.answer = func(call int, _ []string) error {
		if call == 2 {
			close(held)
			<-release
		}
		return nil
	}
	s.start(t)
	<-held
	is := func(n int64) []metricdata.DataPoint[int64] {
		return []metricdata.DataPoint[int64]{{Attributes: attribute.NewSet(attribute.String("receiver", "oversight/x")), Value: n}}
	}
	any := metricdatatest.IgnoreTimestamp()
	lag := func(n int64) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			metric, err := tt.GetMetric("otelcol_oversight_receiver_lag")
			require.NoError(c, err)
			points := metric.Data.(metricdata.Gauge[int64]).DataPoints
			require.Len(c, points, 1)
			assert.Equal(c, is(n)[0].Attributes, points[0].Attributes)
			assert.Equal(c, n, points[0].Value)
		}, patience, time.Millisecond)
	}
	// While the pipeline holds a batch, the lag is still measured.
	lag(3)
	execute(t, s.config.Database, insert("n", 4))
	lag(7)
	age, err := tt.GetMetric("otelcol_oversight_receiver_oldest_unread_age")
	require.NoError(t, err)
	seconds := age.Data.(metricdata.Gauge[float64]).DataPoints[0].Value
	assert.InDelta(t, time.Since(time.Unix(1735000004, 0)).Seconds(), seconds, 60)

	close(release)
	first := slices.Concat(tokenRange("t", 1, 5), []string{"bad"}, tokenRange("n", 1, 4))
	s.sink.waitFor(t, first)
	require.NoError(t, os.Rename(newDatabase(t, insert("o", 1)), s.config.Database))
	s.sink.waitFor(t, append(first, translator.IntegrityDatabaseReplaced, "o1"))
	metadatatest.AssertEqualOversightReceiverEventsRead(t, tt, is(11), any)
	metadatatest.AssertEqualOversightReceiverDecodeErrors(t, tt, is(1), any)
	metadatatest.AssertEqualOversightReceiverDatabaseReplacements(t, tt, is(1), any)
	lag(0)
	polls, err := tt.GetMetric("otelcol_oversight_receiver_poll_duration")
	require.NoError(t, err)
	assert.NotZero(t, polls.Data.(metricdata.Histogram[float64]).DataPoints[0].Count)
	accepted, err := tt.GetMetric("otelcol_receiver_accepted_log_records")
	require.NoError(t, err)
	assert.EqualValues(t, 12, accepted.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
}

// rows is the generator of the contract test: a registry.
type rows struct {
	t    *testing.T
	path string
	mu   sync.Mutex
	n    int
	db   *sql.DB
}

func (g *rows) Start() {
	fresh := newDatabase(g.t)
	require.NoError(g.t, os.Rename(fresh, g.path))
	var err error
	g.db, err = sql.Open("sqlite", g.path)
	require.NoError(g.t, err)
	g.db.SetMaxOpenConns(1)
}

func (g *rows) Stop() {
	assert.NoError(g.t, g.db.Close())
	assert.NoError(g.t, os.Remove(g.path))
}

func (g *rows) Generate() []receivertest.UniqueIDAttrVal {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
	token := "token" + strconv.Itoa(g.n)
	_, err := g.db.ExecContext(g.t.Context(), "INSERT INTO events(token_id, kind, timestamp) VALUES (?, 'dns', 1)", token)
	if err != nil { // not require: this is another goroutine than the test's
		g.t.Errorf("insert %s: %v", token, err)
	}
	return []receivertest.UniqueIDAttrVal{receivertest.UniqueIDAttrVal(token)}
}

// withTestID adds the attribute to records by which the contract test identifies them.
// It hides permanent errors: the contract wants what they refuse to be dropped, and the
// receiver looks into them and keeps it (see refusal_test.go).
func withTestID() receiver.Factory {
	return receiver.NewFactory(metadata.Type, createDefaultConfig, receiver.WithLogs(
		func(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
			marked, err := consumer.NewLogs(func(ctx context.Context, logs plog.Logs) error {
				for _, record := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
					uid, _ := record.Attributes().Get("log.record.uid")
					if strings.HasSuffix(uid.Str(), translator.ReducedUIDSuffix) {
						return consumererror.NewPermanent(errors.New("the contract does not know reduced forms"))
					}
					token, _ := record.Attributes().Get("oversight.token.id")
					record.Attributes().PutStr(receivertest.UniqueIDAttrName, token.Str())
				}
				err := next.ConsumeLogs(ctx, logs)
				if consumererror.IsPermanent(err) {
					return nil
				}
				return err
			})
			if err != nil {
				return nil, err
			}
			r, err := createLogs(ctx, set, cfg, marked)
			if err != nil {
				return nil, err
			}
			// A destination that fails at random makes single events look refused. They
			// are delivered an hour later, and every hour takes a second here.
			begin := time.Now()
			r.(*oversightReceiver).now = func() time.Time { return begin.Add(3600 * time.Since(begin)) }
			return r, nil
		}, metadata.LogsStability))
}

func TestConsumeContract(t *testing.T) {
	s := newSetup(t, filepath.Join(t.TempDir(), "registry.sqlite"))
	s.config.StorageID = nil
	receivertest.CheckConsumeContract(receivertest.CheckConsumeContractParams{
		T:             t,
		Factory:       withTestID(),
		Signal:        pipeline.SignalLogs,
		Config:        s.config,
		Generator:     &rows{t: t, path: s.config.Database},
		GenerateCount: 1000,
	})
}
