// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/engines/opensearch"
)

// A node that is killed while it stores events, and started again: all are stored,
// and none twice.
func TestOpenSearchIsKilled(t *testing.T) {
	const rows = 5000
	s := newSearchSetup(t, dataStream, writeRows(t, agentRows(rows, strconv.Itoa)))
	proxy := s.node.NewProxy(t)
	s.endpoint = proxy.URL
	var requests atomic.Int32
	received := make(chan struct{})
	proxy.Intercept(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if isBulk(r) && requests.Add(1) == 5 {
			close(received) // and the node gets it, and is killed at some moment of it
		}
		return false
	})
	collector := s.start("receivers: {oversight/opensearch: {batch_size: 100}}")
	<-received
	s.node.Kill()
	collector.requireHealth(http.StatusInternalServerError)
	require.NoError(t, s.node.Restart(t.Context()))
	s.requireStored(stored{whole: rows})
	collector.requireHealth(http.StatusOK)
	collector.requireMetric("events_refused", 0)
	collector.end()
}

func isBulk(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/_bulk") }

// An answer is lost, and the data stream rolls over before the events are sent again.
// A data stream then has them twice, as its page says; monthly indexes have not.
func TestOpenSearchRollsOver(t *testing.T) {
	for layout, repeated := range map[searchLayout]int{dataStream: ordinaryRows, monthly: 0} {
		t.Run(layout.config, func(t *testing.T) {
			s := newSearchSetup(t, layout, writeRows(t, agentRows(ordinaryRows, strconv.Itoa)))
			proxy := s.node.NewProxy(t)
			s.endpoint = proxy.URL
			var once sync.Once
			proxy.Intercept(func(_ http.ResponseWriter, r *http.Request, forward http.Handler) bool {
				if !isBulk(r) {
					return false
				}
				once.Do(func() {
					defer func() {
						if layout == dataStream {
							s.node.Call(t, http.MethodPost, "/"+fmt.Sprintf(layout.stream, "beacon")+"/_rollover", "", nil)
						}
					}()
					opensearch.LoseAnswer(r, forward)
				})
				return false
			})
			collector := s.start()
			s.requireStored(stored{whole: ordinaryRows, repeated: repeated})
			collector.end()
		})
	}
}

// A checkpoint is lost, after a month has ended: every event is sent again, and monthly
// indexes have none twice.
func TestOpenSearchKeepsMonthsOverALostCheckpoint(t *testing.T) {
	const january, february = 1767225600, 1769904000
	rows := agentRows(ordinaryRows, strconv.Itoa)
	for i := range rows {
		rows[i].time = january
		if i%2 == 0 {
			rows[i].time = february
		}
	}
	s := newSearchSetup(t, monthly, writeRows(t, rows))
	for range 2 {
		s.dir = t.TempDir()
		collector := s.start()
		collector.requireMetric("lag", 0)
		collector.end()
	}
	s.requireStored(stored{whole: ordinaryRows})
	assert.Equal(t, ordinaryRows/2, s.node.Count(t, "oversight-beacon-2026.02", ""))
}
