// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build engines && unix

package engines

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ordinaryRows = 300

// One event of 300 that does not fit the mapping: the others are stored, and it is
// stored in its reduced form. Once the mapping is repaired, it is stored whole.
//
// The template of this project refuses no event, so the test makes a field strict: a
// user agent has to be a number. (In OpenSearch, a field's ignore_malformed does not
// count where that of the index is true.)
func TestOpenSearchRefusesOneEvent(t *testing.T) {
	for _, layout := range layouts {
		t.Run(layout.config, func(t *testing.T) {
			s := newSearchSetup(t, layout, writeRows(t, agentRows(ordinaryRows, func(i int) string {
				if i == 150 {
					return "poison"
				}
				return strconv.Itoa(i)
			})))
			repair := s.changeTemplate(`{
				"settings": {"index.mapping.ignore_malformed": false},
				"mappings": {"properties": {"user_agent": {"properties": {"original": {"type": "long"}}}}}}`)
			collector := s.start()
			s.requireStored(stored{whole: ordinaryRows - 1, reduced: 1})
			collector.requireLogged("mapper_parsing_exception", "failed to parse field [user_agent.original]", `"id": 150,`)
			collector.requireHealth(http.StatusOK)
			collector.requireMetric("events_refused", 1)
			collector.end()

			repair()
			if layout == dataStream { // the template is for new backing indexes
				s.node.Call(t, http.MethodPost, "/"+fmt.Sprintf(layout.stream, "beacon")+"/_rollover", "", nil)
			} else {
				s.node.Call(t, http.MethodPost, "/_reindex?refresh", `{"source":{"index":"oversight-beacon-2026.01"},"dest":{"index":"kept"}}`, nil)
				s.node.Call(t, http.MethodDelete, "/oversight-beacon-2026.01", "", nil)
				s.node.Call(t, http.MethodPost, "/_reindex?refresh", `{"source":{"index":"kept"},"dest":{"index":"oversight-beacon-2026.01"}}`, nil)
				s.node.Call(t, http.MethodDelete, "/kept", "", nil)
			}
			collector = s.start()
			s.requireStored(stored{whole: ordinaryRows, reduced: 1})
			collector.end()
		})
	}
}

// searchFault is a cause for which OpenSearch stores nothing, whatever is sent.
type searchFault struct {
	// spoil makes the cause, and returns what removes it.
	spoil func(s *searchSetup) (mend func())
	// words are those that health and log have.
	words   string
	layouts []searchLayout
}

var searchFaults = map[string]searchFault{
	"the ingest pipeline is missing": {
		func(s *searchSetup) func() {
			s.changeTemplate(`{"settings":{"index.default_pipeline":"oversight"}}`)
			s.node.Do(s.t, http.MethodDelete, "/_ingest/pipeline/oversight", "")
			return func() { s.node.Call(s.t, http.MethodPut, "/_ingest/pipeline/oversight", `{"processors":[]}`, nil) }
		}, "pipeline with id [oversight] does not exist", []searchLayout{dataStream},
	},
	"the limit of shards is reached": {
		func(s *searchSetup) func() {
			s.node.Do(s.t, http.MethodPut, "/takes-a-shard", "") // it may exist
			return s.changeCluster("cluster.max_shards_per_node", "1")
		}, "maximum shards open", []searchLayout{monthly},
	},
	"automatic creation is off": {
		func(s *searchSetup) func() { return s.changeCluster("action.auto_create_index", "false") },
		"index_not_found_exception", layouts,
	},
	"flood stage": {
		func(s *searchSetup) func() {
			collector := s.start()
			s.requireStored(stored{whole: ordinaryRows})
			collector.end()
			appendSearchRows(s.t, s.database, ordinaryRows)
			block := func(value string) {
				s.node.Call(s.t, http.MethodPut, "/"+s.layout.indexes+"/_settings?expand_wildcards=all", `{"index.blocks.read_only_allow_delete":`+value+`}`, nil)
			}
			block("true")
			return func() { block("null") }
		}, "flood-stage watermark", []searchLayout{dataStream},
	},
	"a wrong password": {
		func(s *searchSetup) func() { // the node has no security: what the Security plugin answers
			proxy := s.node.NewProxy(s.t)
			s.endpoint = proxy.URL
			proxy.Intercept(func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if user, password, _ := r.BasicAuth(); user != "oversight" || password != searchPassword {
					return false
				}
				w.Header().Set("WWW-Authenticate", `Basic realm="OpenSearch Security"`)
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = io.WriteString(w, "Unauthorized")
				return true
			})
			return func() { proxy.Intercept(nil) }
		}, "401", []searchLayout{monthly},
	},
}

// A cause that is not in the events refuses none: the receiver holds, says why, and
// delivers all once the cause is gone.
func TestOpenSearchRefusesEverything(t *testing.T) {
	for name, fault := range searchFaults {
		for _, layout := range fault.layouts {
			t.Run(name+"/"+layout.config, func(t *testing.T) {
				s := newSearchSetup(t, layout, writeRows(t, agentRows(ordinaryRows, strconv.Itoa)))
				mend := fault.spoil(s)
				before := s.stored().whole
				collector := s.start()
				collector.requireHealth(http.StatusInternalServerError, fault.words)
				collector.requireMetric("holding", 1)
				collector.requireMetric("lag", ordinaryRows)
				collector.requireLogged(fault.words)
				assert.Equal(t, stored{whole: before}, s.stored())

				mend()
				s.requireStored(stored{whole: before + ordinaryRows})
				collector.requireHealth(http.StatusOK)
				collector.requireMetric("holding", 0)
				collector.requireMetric("events_refused", 0)
				collector.end()
			})
		}
	}
}

// A limit below the size of a batch costs requests, and no event.
func TestOpenSearchLimitsRequests(t *testing.T) {
	s := newSearchSetup(t, monthly, writeRows(t, agentRows(ordinaryRows, strconv.Itoa)))
	s.node.Configure(map[string]string{"http.max_content_length": "64kb"})
	require.NoError(t, s.node.Restart(t.Context()))
	collector := s.start("exporters: {elasticsearch: {compression: none}}")
	s.requireStored(stored{whole: ordinaryRows})
	collector.requireLogged("413")
	collector.requireMetric("events_refused", 0)
	collector.end()
}

// The index of a new month cannot be created, while that of the last one accepts
// events: those of the new month are kept, and delivered once it can.
func TestOpenSearchRefusesAMonth(t *testing.T) {
	const january, february = 1767225600, 1769904000
	for name, isNew := range map[string]func(i int) bool{
		"months follow each other": func(i int) bool { return i > ordinaryRows/2 },
		"months alternate":         func(i int) bool { return i%2 == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			rows := agentRows(ordinaryRows, strconv.Itoa)
			for i := range rows {
				rows[i].time = january
				if isNew(i + 1) {
					rows[i].time = february
				}
			}
			s := newSearchSetup(t, monthly, writeRows(t, rows))
			mend := s.changeCluster("action.auto_create_index", "oversight-beacon-2026.01")
			collector := s.start()
			s.requireStored(stored{whole: ordinaryRows / 2})
			collector.requireLogged("index_not_found_exception")
			collector.requireHealth(http.StatusInternalServerError, "index_not_found_exception")
			mend()
			s.requireStored(stored{whole: ordinaryRows})
			collector.end()
		})
	}
}
