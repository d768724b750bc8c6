// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	_ "modernc.org/sqlite"

	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

const schema = `PRAGMA journal_mode=WAL;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT, issuer_id TEXT,
    kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT,
    timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER);`

// patience is how long a condition may take to become true on a busy machine.
const patience = 30 * time.Second

func execute(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
	require.NoError(t, db.Close())
}

func newDatabase(t testing.TB, statements ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "registry.sqlite")
	execute(t, path, append([]string{schema}, statements...)...)
	return path
}

// insert returns a statement that adds n rows whose tokens start with a word,
// one second apart.
func insert(word string, n int) string {
	return fmt.Sprintf(`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<%d)
		INSERT INTO events(token_id, kind, timestamp) SELECT '%s'||x, 'dns', 1735000000+x FROM c`, n, word)
}

func tokenRange(word string, from, to int) []string {
	tokens := []string{}
	for i := from; i <= to; i++ {
		tokens = append(tokens, fmt.Sprintf("%s%d", word, i))
	}
	return tokens
}

// sink is a pipeline whose answers a test decides.
type sink struct {
	answer func(call int, tokens []string) error // nil: accepts everything

	mu       sync.Mutex
	accepted []string // tokens, in order; the kinds of findings
	calls    int
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	tokens := tokensOf(logs)
	// Pipelines change what they receive, even if they fail later.
	logs.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })
	s.mu.Lock()
	s.calls++
	call := s.calls
	s.mu.Unlock()
	if s.answer != nil {
		if err := s.answer(call, tokens); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = append(s.accepted, tokens...)
	return nil
}

func tokensOf(logs plog.Logs) []string {
	var tokens []string
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				if kind, ok := record.Attributes().Get(translator.AttributeIntegrityKind); ok {
					tokens = append(tokens, kind.Str())
					continue
				}
				e, _ := translator.FromLogRecord(resource.Resource(), record)
				tokens = append(tokens, e.TokenID)
			}
		}
	}
	return tokens
}

func (s *sink) tokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.accepted...)
}

func (s *sink) waitFor(t *testing.T, tokens []string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Equal(c, tokens, s.tokens()) }, patience, time.Millisecond)
}

// host has extensions and remembers what components report.
type host struct {
	component.Host
	extensions map[component.ID]component.Component

	mu       sync.Mutex
	statuses []*componentstatus.Event
}

func newHost() *host {
	return &host{Host: componenttest.NewNopHost(), extensions: map[component.ID]component.Component{}}
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, e)
}

func (h *host) last() *componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.statuses) == 0 {
		return componentstatus.NewEvent(componentstatus.StatusNone)
	}
	return h.statuses[len(h.statuses)-1]
}

func (h *host) waitFor(t *testing.T, status componentstatus.Status, text string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		last := h.last()
		assert.Equal(c, status, last.Status())
		if text != "" {
			assert.ErrorContains(c, last.Err(), text)
		}
	}, patience, time.Millisecond)
}

// memory is a storage extension whose faults a test decides.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	getErr func() error
	setErr func(call int) (err error, stored bool)

	mu   sync.Mutex
	data map[string][]byte
	sets int
}

func newMemory() *memory { return &memory{data: map[string][]byte{}} }

var errDisk = errors.New("disk is full")

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.getErr != nil {
		if err := m.getErr(); err != nil {
			return nil, err
		}
	}
	return m.data[key], nil
}

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sets++
	if m.setErr != nil {
		if err, stored := m.setErr(m.sets); err != nil {
			if stored {
				m.data[key] = value
			}
			return err
		}
	}
	m.data[key] = value
	return nil
}

func (m *memory) Delete(context.Context, string) error { return errors.ErrUnsupported }

// Batch is one transaction: all of it is stored, or nothing.
func (m *memory) Batch(ctx context.Context, operations ...*storage.Operation) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sets++
	var failed error
	if m.setErr != nil {
		err, stored := m.setErr(m.sets)
		if err != nil && !stored {
			return err
		}
		failed = err
	}
	for _, o := range operations {
		switch o.Type {
		case storage.Set:
			m.data[o.Key] = o.Value
		case storage.Delete:
			delete(m.data, o.Key)
		default:
			return errors.ErrUnsupported
		}
	}
	return failed
}

func (m *memory) Close(context.Context) error { return nil }

func (m *memory) stored() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.data["checkpoint"])
}

var storageID = component.MustNewID("memory")

// setup is a receiver and all that is around it.
type setup struct {
	config   *Config
	host     *host
	memory   *memory
	sink     *sink
	settings receiver.Settings
	logs     *observer.ObservedLogs
	clock    *clock
}

// clock is what the receiver takes for the time. It is ahead by what a test says.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// newSetup polls and retries quickly.
func newSetup(t *testing.T, database string) *setup {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.Database = database
	config.RegistryID = "deadbeef"
	config.PollInterval = time.Millisecond
	config.BatchSize = 3
	config.RetryConfig.InitialInterval = time.Millisecond
	config.RetryConfig.MaxInterval = 5 * time.Millisecond
	config.StorageID = &storageID
	config.CheckpointRecords.Interval = 0
	core, logs := observer.New(zap.InfoLevel)
	settings := receivertest.NewNopSettings(metadata.Type)
	settings.Logger = zap.New(core)
	s := &setup{config: config, host: newHost(), memory: newMemory(), sink: &sink{}, settings: settings, logs: logs, clock: new(clock)}
	s.host.extensions[storageID] = s.memory
	return s
}

// start starts a receiver. The cleanup stops it if the test did not.
func (s *setup) start(t *testing.T) (stop func()) {
	t.Helper()
	require.NoError(t, s.config.Validate())
	r, err := NewFactory().CreateLogs(t.Context(), s.settings, s.config, s.sink)
	require.NoError(t, err)
	r.(*oversightReceiver).now = s.clock.now
	require.NoError(t, r.Start(t.Context(), s.host))
	var once sync.Once
	stop = func() {
		once.Do(func() { assert.NoError(t, r.Shutdown(context.WithoutCancel(t.Context()))) })
	}
	t.Cleanup(stop)
	return stop
}

// restart runs a receiver until it has delivered the tokens since its start.
func (s *setup) restart(t *testing.T, want []string) {
	t.Helper()
	s.sink.mu.Lock()
	s.sink.accepted = nil
	s.sink.mu.Unlock()
	stop := s.start(t)
	s.sink.waitFor(t, want)
	stop()
	assert.Equal(t, want, s.sink.tokens())
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.Rename(from, to))
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// eventuallyStored waits until the root of the checkpoint has a text.
func (s *setup) eventuallyStored(t *testing.T, text string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Contains(c, s.memory.stored(), text) }, patience, time.Millisecond)
}
