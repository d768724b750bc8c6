// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package oversightreceiver

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadata"
	"github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver/internal/metadatatest"
	"github.com/oversight-protocol/oversight-otelcol/translator"
)

// newTelemetrySetup returns a setup whose metrics can be collected.
func newTelemetrySetup(t *testing.T, database string) (*setup, *componenttest.Telemetry) {
	s := newSetup(t, database)
	tt := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, tt.Shutdown(context.WithoutCancel(t.Context()))) })
	s.settings = metadatatest.NewSettings(tt)
	s.settings.ID = component.NewIDWithName(metadata.Type, "x")
	return s, tt
}

// values returns the values of a metric by its attributes but for the receiver's.
func values(t require.TestingT, tt *componenttest.Telemetry, name string) map[string]int64 {
	metric, err := tt.GetMetric("otelcol_oversight_receiver_" + name)
	require.NoError(t, err)
	all := map[string]int64{}
	add := func(set attribute.Set, value int64) {
		receiver, _ := set.Value("receiver")
		require.Equal(t, "oversight/x", receiver.AsString())
		var texts []string
		for _, a := range set.ToSlice() {
			if a.Key != "receiver" {
				texts = append(texts, a.Value.AsString())
			}
		}
		all[strings.Join(texts, ",")] = value
	}
	switch data := metric.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, p.Value)
		}
	case metricdata.Gauge[int64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, p.Value)
		}
	case metricdata.Gauge[float64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, int64(p.Value))
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			add(p.Attributes, int64(p.Count))
		}
	default:
		require.Fail(t, "unknown data", "%T", data)
	}
	return all
}

// combinations returns 0 for each combination of values.
func combinations(lists ...[]string) map[string]int64 {
	all := map[string]int64{"": 0}
	for _, list := range lists {
		next := map[string]int64{}
		for prefix := range all {
			for _, value := range list {
				next[strings.TrimPrefix(prefix+","+value, ",")] = 0
			}
		}
		all = next
	}
	return all
}

// A counter that appears with its first increment hides it from `increase()`, and a
// gauge that is missing hides a failure. The database does not exist here.
func TestCountersBeginAtZero(t *testing.T) {
	begin := time.Now().Unix()
	s, tt := newTelemetrySetup(t, filepath.Join(t.TempDir(), "missing.sqlite"))
	log := s.config.TransparencyLog.GetOrInsertDefault()
	log.Leaves = filepath.Join(t.TempDir(), "leaves.jsonl")
	s.start(t)
	outcomes := []string{"reduced", "quarantined", "dropped"}
	classes := []string{"busy", "content", "destination", "retryable", "size", "unknown"}
	zero := combinations()
	want := map[string]map[string]int64{
		"checkpoint_failures": zero, "database_replacements": zero, "decode_errors": zero, "events_read": zero,
		"refused_delivered": zero, "rechecked_rows": zero, "recheck_cycle_duration": zero, "values_truncated": zero,
		"events_given_up":    combinations([]string{"configuration", "overflow", "missing"}),
		"events_refused":     combinations(outcomes),
		"failed_deliveries":  combinations(classes, []string{"events", "records"}),
		"tlog_events":        combinations([]string{"verified", "mismatch", "missing", "duplicate", "unavailable"}),
		"tlog_findings":      combinations(integrityKinds),
		"tlog_heads":         combinations([]string{"matched", "raced", "inconsistent", "too_large", "not_compared", "unsigned", "signature_invalid", "malformed", "failed"}),
		"database_readable":  zero,
		"holding":            combinations([]string{"events", "records"}),
		"lag":                {"": -1},
		"oldest_unread_age":  {"": -1},
		"outbox_records":     zero,
		"owed_events":        zero,
		"quarantined_events": zero,
		"tlog_head_size":     zero,
		"tlog_waiting_rows":  zero,
		"tlog_size":          zero,
	}
	for name, want := range want {
		assert.Equal(t, want, values(t, tt, name), name)
	}
	// These change by themselves.
	assert.GreaterOrEqual(t, values(t, tt, "last_success_time")[""], begin)
	assert.Contains(t, values(t, tt, "failed_reads"), "")
	known := append(slices.Collect(maps.Keys(want)), "last_success_time", "failed_reads", "delivery_duration", "poll_duration")
	assert.ElementsMatch(t, documentedMetrics(t), known, "a metric is not in this test")
}

// documentedMetrics returns the names in documentation.md.
func documentedMetrics(t *testing.T) (names []string) {
	text, err := os.ReadFile("documentation.md")
	require.NoError(t, err)
	for _, match := range regexp.MustCompile(`### otelcol_oversight_receiver_(\w+)`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, match[1])
	}
	return names
}

// Without a transparency log nothing is counted about one. Findings about delivered rows
// are.
func TestNoCountersOfTheLogWithoutIt(t *testing.T) {
	s, tt := newTelemetrySetup(t, newDatabase(t))
	s.start(t)
	for _, name := range []string{"tlog_events", "tlog_size", "tlog_head_size", "tlog_waiting_rows"} {
		_, err := tt.GetMetric("otelcol_oversight_receiver_" + name)
		require.Error(t, err, name)
	}
}

// A database that cannot be read stands out, and the last lag stays.
func TestDatabaseReadable(t *testing.T) {
	s, tt := newTelemetrySetup(t, newDatabase(t, insert("t", 3)))
	s.start(t)
	is := func(readable int64) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.Equal(c, map[string]int64{"": readable}, values(c, tt, "database_readable"))
		}, patience, time.Millisecond)
	}
	s.sink.waitFor(t, tokenRange("t", 1, 3))
	is(1)
	away := s.config.Database + ".away"
	require.NoError(t, os.Rename(s.config.Database, away))
	is(0)
	assert.Equal(t, map[string]int64{"": 0}, values(t, tt, "lag"))
	assert.Positive(t, values(t, tt, "failed_reads")[""])
	require.NoError(t, os.Rename(away, s.config.Database))
	is(1)
}

// Each of the methods counts what its name says, once.
func TestTelemetryCounts(t *testing.T) {
	s, tt := newTelemetrySetup(t, "")
	telemetry, err := newTelemetry(s.settings)
	require.NoError(t, err)
	meter := newLagMeter(nil, func() int64 { return 0 })
	require.NoError(t, telemetry.observe(meter, nil))
	t.Cleanup(telemetry.shutdown)
	ctx := t.Context()
	telemetry.begin(ctx, false)

	telemetry.polled(ctx, time.Second, errors.New("no such file"))
	telemetry.polled(ctx, time.Second, &registry.ReplacedError{}) // was read
	telemetry.polled(ctx, time.Second, errStopping)
	assert.EqualValues(t, 1, values(t, tt, "failed_reads")[""])
	assert.EqualValues(t, 2, values(t, tt, "poll_duration")[""])

	telemetry.truncated(ctx, []event{{}, {Truncated: "user_agent"}, {Truncated: "extra,user_agent"}})
	assert.EqualValues(t, 3, values(t, tt, "values_truncated")[""])

	telemetry.sent(ctx, laneRecords, time.Second, consumererror.NewPermanent(errDisk))
	telemetry.sent(ctx, laneEvents, time.Second, errDisk)
	telemetry.sent(ctx, laneEvents, time.Second, fmt.Errorf("export: %w", refusal("size")))
	failed := combinations([]string{"busy", "content", "destination", "retryable", "size", "unknown"}, []string{"events", "records"})
	failed["unknown,records"], failed["retryable,events"], failed["size,events"] = 1, 1, 1
	assert.Equal(t, failed, values(t, tt, "failed_deliveries"))
	begin := time.Now().Unix()
	telemetry.gauges.lastSuccess.Store(0)
	telemetry.sent(ctx, laneEvents, time.Second, nil)
	assert.GreaterOrEqual(t, values(t, tt, "last_success_time")[""], begin)
	assert.EqualValues(t, 4, values(t, tt, "delivery_duration")[""])

	telemetry.refused(ctx, outcomeQuarantined, 2)
	assert.Equal(t, map[string]int64{"quarantined": 2, "reduced": 0, "dropped": 0}, values(t, tt, "events_refused"))
	telemetry.givenUp(ctx, giveUpOverflow, 3)
	assert.Equal(t, map[string]int64{"overflow": 3, "configuration": 0, "missing": 0}, values(t, tt, "events_given_up"))
	telemetry.refusedDelivered(ctx, 4)
	assert.EqualValues(t, 4, values(t, tt, "refused_delivered")[""])
	telemetry.checkpointFailed(ctx)
	assert.EqualValues(t, 1, values(t, tt, "checkpoint_failures")[""])

	telemetry.gauges.setHolding(laneRecords, true)
	assert.Equal(t, map[string]int64{"records": 1, "events": 0}, values(t, tt, "holding"))
	telemetry.gauges.setHolding(laneEvents, true)
	telemetry.gauges.setHolding(laneRecords, false)
	assert.Equal(t, map[string]int64{"records": 0, "events": 1}, values(t, tt, "holding"))
	telemetry.gauges.setRefused(5, 6)
	telemetry.gauges.setOutbox(7)
	assert.EqualValues(t, 5, values(t, tt, "quarantined_events")[""])
	assert.EqualValues(t, 6, values(t, tt, "owed_events")[""])
	assert.EqualValues(t, 7, values(t, tt, "outbox_records")[""])
}

// refusal is an error of a middleware that knows the class.
type refusal string

func (r refusal) Error() string        { return "refused: " + string(r) }
func (r refusal) RefusalClass() string { return string(r) }

// The lists of values have all constants of the translator.
func TestAttributeValuesAreComplete(t *testing.T) {
	assert.ElementsMatch(t, constants(t, "integrity_kind.go", "Integrity"), integrityKinds)
	assert.ElementsMatch(t, constants(t, "attributes.go", "TlogStatus"), tlogStatuses)
	assert.Contains(t, integrityKinds, translator.IntegrityRowMismatch)
}

// constants returns the texts of the constants of a file whose names begin with prefix.
func constants(t *testing.T, file, prefix string) (texts []string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "translator", file), nil, 0)
	require.NoError(t, err)
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		require.True(t, ok)
		text, err := strconv.Unquote(literal.Value)
		require.NoError(t, err)
		texts = append(texts, text)
		return true
	})
	return texts
}
