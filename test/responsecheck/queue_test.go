// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package responsecheck

import (
	"maps"
	"sync"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/elasticsearchexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/splunkhecexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
)

// waiting returns the settings of a queue that waits for the result, with a change of
// its batches.
func waiting(batch map[string]any) map[string]any {
	queue := map[string]any{"enabled": true, "wait_for_result": true}
	if batch != nil {
		queue["batch"] = batch
	}
	return queue
}

// A queue that waits returns the destination's answer, as none does.
func TestQueueThatWaits(t *testing.T) {
	refused := bulk(created, item(400, "document_parsing_exception", "bad"), created)
	for name, test := range map[string]struct {
		factory  exporter.Factory
		settings func(string) map[string]any
		batch    map[string]any
		accept   answer
		refuse   answer
		accepted []string
	}{
		"splunk_hec": {
			factory: splunkhecexporter.NewFactory(), settings: hecSettings,
			accept: hecAnswer(200, `{"text":"Success","code":0}`), refuse: hecAnswer(400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`),
		},
		"elasticsearch": {
			factory: elasticsearchexporter.NewFactory(), settings: elasticsearchSettings, batch: map[string]any{"min_size": 0},
			accept: bulk(repeat(created)...), refuse: refused, accepted: []string{"uid-0", "uid-2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			start := func(a answer) (*server, exporter.Logs) {
				s := newServer(t, a)
				settings := test.settings(s.URL)
				settings["sending_queue"] = waiting(test.batch)
				return s, newExporter(t, test.factory, settings, true, nil)
			}
			s, exp := start(test.accept)
			require.NoError(t, export(t, exp, 3))
			assert.Equal(t, 1, s.requestCount(), "it returns when the destination has answered")

			_, exp = start(test.refuse)
			err := export(t, exp, 3)
			assert.Equal(t, "content", class(err), "%v", err)
			assert.True(t, consumererror.IsPermanent(err))
			assert.Equal(t, test.accepted, accepted(err))

			settings := test.settings("https://localhost")
			settings["sending_queue"] = waiting(test.batch)
			settings["middlewares"] = []any{map[string]any{"id": "responsecheck"}}
			assert.Empty(t, problems(t, effective(t, test.factory, settings)))
		})
	}
}

// What the warnings about batches of a queue are about.
func TestQueueThatMergesOrSplits(t *testing.T) {
	t.Run("merges", func(t *testing.T) {
		batch := map[string]any{"min_size": 6, "sizer": "items", "flush_timeout": "1m"}
		s := newServer(t, hecAnswer(400, `{"text":"Invalid data format","code":6,"invalid-event-number":1}`))
		exp := queued(t, s, batch)
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() { assert.Equal(t, "content", class(export(t, exp, 3))) })
		}
		wait.Wait()
		assert.Equal(t, 1, s.requestCount(), "one event's refusal is that of two senders")
		assert.Equal(t, []string{"the queue merges requests, so that one refused event makes all of them fail"}, queueProblems(t, batch))
	})
	t.Run("splits", func(t *testing.T) {
		batch := map[string]any{"min_size": 0, "max_size": 1, "sizer": "items"}
		s := newServer(t, hecAnswer(200, `{"text":"Success","code":0}`))
		s.then(hecAnswer(400, `{"text":"Invalid data format","code":6,"invalid-event-number":0}`))
		err := export(t, queued(t, s, batch), 3)
		assert.Equal(t, "content", class(err), "%v", err)
		assert.Empty(t, accepted(err), "it is not known that the others were accepted")
		assert.Equal(t, 3, s.requestCount())
		assert.Equal(t, []string{"the queue splits requests: where one part is refused, the others are sent again"}, queueProblems(t, batch))
	})
	t.Run("by default", func(t *testing.T) {
		settings := maps.Clone(elasticsearchSettings("https://localhost"))
		settings["sending_queue"] = waiting(nil)
		settings["middlewares"] = []any{map[string]any{"id": "responsecheck"}}
		assert.Equal(t, []string{"the queue merges requests, so that one refused event makes all of them fail"},
			problems(t, effective(t, elasticsearchexporter.NewFactory(), settings)))
	})
}

func queued(t *testing.T, s *server, batch map[string]any) exporter.Logs {
	t.Helper()
	settings := hecSettings(s.URL)
	settings["sending_queue"] = waiting(batch)
	return newExporter(t, splunkhecexporter.NewFactory(), settings, true, nil)
}

func queueProblems(t *testing.T, batch map[string]any) []string {
	t.Helper()
	settings := hecSettings("https://localhost")
	settings["sending_queue"] = waiting(batch)
	settings["middlewares"] = []any{map[string]any{"id": "responsecheck"}}
	return problems(t, effective(t, splunkhecexporter.NewFactory(), settings))
}
