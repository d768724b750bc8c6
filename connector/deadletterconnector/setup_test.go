// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package deadletterconnector

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/oversight-protocol/oversight-otelcol/connector/deadletterconnector/internal/metadata"
)

// refusal is an error with a class, as responsecheck returns it.
type refusal struct {
	class    string
	accepted []string
}

func (r refusal) Error() string             { return "refused: " + r.class }
func (r refusal) RefusalClass() string      { return r.class }
func (r refusal) AcceptedRecords() []string { return r.accepted }

var (
	errUnknown     = consumererror.NewPermanent(errors.New("400 Bad Request"))
	errContent     = consumererror.NewPermanent(refusal{class: "content"})
	errDestination = consumererror.NewPermanent(refusal{class: "destination"})
	errRetryable   = errors.New("503 Service Unavailable")
	errBusy        = refusal{class: "busy"}
)

// pipe is a pipeline. It changes what it gets, as a processor does.
type pipe struct {
	name string
	// answer is asked for each request; nil: all is accepted.
	answer func(ctx context.Context, uids []string) error

	mu       sync.Mutex
	requests [][]string // uids
	at       []time.Time
	accepted map[string]int
	logs     []plog.Logs // accepted whole
}

func newPipe(name string) *pipe { return &pipe{name: name, accepted: map[string]int{}} }

func (*pipe) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (p *pipe) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	uids := uidsOf(logs)
	p.mu.Lock()
	p.requests = append(p.requests, uids)
	p.at = append(p.at, time.Now())
	answer := p.answer
	p.mu.Unlock()
	var err error
	if answer != nil {
		err = answer(ctx, uids)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	accepted := uids
	if err != nil {
		accepted = nil
		var r refusal
		if errors.As(err, &r) {
			accepted = r.accepted
		}
	} else {
		kept := plog.NewLogs()
		logs.CopyTo(kept)
		p.logs = append(p.logs, kept)
	}
	for _, uid := range accepted {
		p.accepted[uid]++
	}
	logs.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true }) // a processor may
	return err
}

func (p *pipe) setAnswer(answer func(ctx context.Context, uids []string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *pipe) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.requests)
}

func (p *pipe) acceptedUIDs() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]int{}
	for uid, n := range p.accepted {
		all[uid] = n
	}
	return all
}

// always answers all requests the same.
func always(err error) func(context.Context, []string) error {
	return func(context.Context, []string) error { return err }
}

// refuses answers requests with one of those records.
func refuses(err error, uids ...string) func(context.Context, []string) error {
	return func(_ context.Context, sent []string) error {
		for _, uid := range sent {
			if slices.Contains(uids, uid) {
				return err
			}
		}
		return nil
	}
}

func uidsOf(logs plog.Logs) (uids []string) {
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, r := range scope.LogRecords().All() {
				uid, _ := r.Attributes().Get(attributeUID)
				uids = append(uids, uid.Str())
			}
		}
	}
	return uids
}

// logsOf are records with those uids, in one scope.
func logsOf(uids ...string) plog.Logs {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for _, uid := range uids {
		r := scope.LogRecords().AppendEmpty()
		r.Attributes().PutStr(attributeUID, uid)
		r.Body().SetStr("body of " + uid)
	}
	return logs
}

func numbered(prefix string, n int) (uids []string) {
	for i := range n {
		uids = append(uids, prefix+strconv.Itoa(i))
	}
	return uids
}

// kafkaContext is that of a message of Kafka, as the receiver `kafka` makes it
// (contrib v0.152.0, receiver/kafkareceiver/kafka_receiver.go, contextWithMetadata).
func kafkaContext(ctx context.Context, topic string, partition, offset int64) context.Context {
	return client.NewContext(ctx, client.Info{Metadata: client.NewMetadata(map[string][]string{
		"kafka.topic":     {topic},
		"kafka.partition": {strconv.FormatInt(partition, 10)},
		"kafka.offset":    {strconv.FormatInt(offset, 10)},
	})})
}

// host has extensions and remembers statuses.
type host struct {
	extensions map[component.ID]component.Component

	mu       sync.Mutex
	statuses []*componentstatus.Event
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, event)
}

// status is the last one.
func (h *host) status() (componentstatus.Status, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.statuses) == 0 {
		return componentstatus.StatusNone, ""
	}
	last := h.statuses[len(h.statuses)-1]
	if last.Err() == nil {
		return last.Status(), ""
	}
	return last.Status(), last.Err().Error()
}

// memoryStorage is an extension whose clients keep values in memory.
type memoryStorage struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex
	values map[string][]byte
	writes int
	err    error         // of each write
	block  chan struct{} // that writes wait for; nil: none
	panics bool
}

func (m *memoryStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memoryStorage) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

func (m *memoryStorage) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.block != nil {
		<-m.block
	}
	if m.panics {
		panic("page 7 is damaged")
	}
	if m.err != nil {
		return m.err
	}
	m.writes++
	m.values[key] = value
	return nil
}

func (m *memoryStorage) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	delete(m.values, key)
	return nil
}

// kept are the keys of kept records.
func (m *memoryStorage) kept() (keys []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key := range m.values {
		if strings.HasPrefix(key, "kept/") {
			keys = append(keys, key)
		}
	}
	return keys
}

func (m *memoryStorage) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *memoryStorage) Batch(ctx context.Context, operations ...*storage.Operation) error {
	for _, op := range operations {
		var err error
		switch op.Type {
		case storage.Get:
			op.Value, err = m.Get(ctx, op.Key)
		case storage.Set:
			err = m.Set(ctx, op.Key, op.Value)
		case storage.Delete:
			err = m.Delete(ctx, op.Key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (*memoryStorage) Close(context.Context) error { return nil }

// setup is a connector with its pipelines.
type setup struct {
	t         *testing.T
	config    *Config
	pipes     map[string]*pipe
	host      *host
	telemetry *componenttest.Telemetry
	logger    *zap.Logger
	log       *observer.ObservedLogs
	connector connector.Logs
}

// newSetup has the target a, or those that are named, and the refused pipeline r.
func newSetup(t *testing.T, targets ...string) *setup {
	if len(targets) == 0 {
		targets = []string{"a"}
	}
	core, log := observer.New(zapcore.DebugLevel)
	s := &setup{
		t: t, config: createDefaultConfig().(*Config), pipes: map[string]*pipe{},
		host: &host{extensions: map[component.ID]component.Component{}}, telemetry: componenttest.NewTelemetry(), log: log,
	}
	s.config.RandomizationFactor = 0
	for _, name := range targets {
		s.config.Pipelines = append(s.config.Pipelines, pipelineID(name))
		s.pipes[name] = newPipe(name)
	}
	s.addRefused("r")
	s.logger = zap.New(core)
	return s
}

func (s *setup) addRefused(name string) {
	s.config.Refused = append(s.config.Refused, pipelineID(name))
	s.pipes[name] = newPipe(name)
}

func pipelineID(name string) pipeline.ID { return pipeline.NewIDWithName(pipeline.SignalLogs, name) }

// start makes and starts the connector. It is shut down with the test, unless before.
func (s *setup) start() *setup {
	s.t.Helper()
	require.NoError(s.t, s.config.Validate())
	consumers := map[pipeline.ID]consumer.Logs{}
	for name, p := range s.pipes {
		consumers[pipelineID(name)] = p
	}
	settings := connectortest.NewNopSettings(metadata.Type)
	settings.ID = component.NewIDWithName(metadata.Type, "test")
	settings.TelemetrySettings = s.telemetry.NewTelemetrySettings()
	settings.Logger = s.logger
	c, err := NewFactory().CreateLogsToLogs(s.t.Context(), settings, s.config, connector.NewLogsRouter(consumers))
	require.NoError(s.t, err)
	require.NoError(s.t, c.Start(context.Background(), s.host))
	s.connector = c
	return s
}

func (s *setup) shutdown() {
	s.t.Helper()
	require.NoError(s.t, s.connector.Shutdown(context.Background()))
}

// call is one that runs.
type call struct {
	done chan struct{}
	err  error
	took time.Duration
}

// consume calls the connector in another goroutine.
func (s *setup) consume(ctx context.Context, logs plog.Logs) *call {
	c := &call{done: make(chan struct{})}
	start := time.Now()
	go func() {
		c.err = s.connector.ConsumeLogs(ctx, logs)
		c.took = time.Since(start)
		close(c.done)
	}()
	return c
}

func (c *call) returned() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// lines are the messages of lines in the log of a level or higher.
func (s *setup) lines(level zapcore.Level) (messages []string) {
	for _, entry := range s.log.All() {
		if entry.Level >= level {
			messages = append(messages, entry.Message)
		}
	}
	return messages
}
