// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.opentelemetry.io/collector/pdata/plog"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
)

// smallBatches makes several batches of few rows.
func smallBatches(receiver string) string {
	return "receivers: {" + receiver + ": {batch_size: 50}}"
}

// ordinary is how many events the tests deliver through a destination that refuses
// all of them for a while.
const ordinary = 300

// attempts is how many requests a destination refuses before it relents.
const attempts = 4

func ordinaryRegistry(t testing.TB) string {
	t.Helper()
	return writeRegistry(t, beacons(ordinary, func(i int) string { return fmt.Sprintf("agent %d", i) }))
}

// waitForAttempts waits until requests have been refused.
func (d *destination) waitForAttempts(t testing.TB, n int) {
	t.Helper()
	eventuallyWithin(t, faultTimeout, func() error { return errorIf(!d.hasRequests(n), "too few requests") })
}

// fails answers every request with a status, as a proxy does.
func (d *destination) fails(answer func(http.ResponseWriter, *http.Request)) {
	d.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool { answer(w, r); return true })
}

// html is an answer of a proxy.
func html(code int, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		status(code, header...)(w, r)
		fmt.Fprintf(w, "<html><head><title>%d</title></head><body>nginx</body></html>", code)
	}
}

// A wrong or rotated token, or an index that the token may not write to, delays
// events until it is put right.
func TestFaultHECRefusesEverything(t *testing.T) {
	for name, test := range map[string]struct {
		spoil, mend func(*hec)
		words       string
	}{
		"wrong token (403)": {
			func(h *hec) { h.token = "another" }, func(h *hec) { h.token = hecToken }, "Invalid token",
		},
		"wrong index (400)": {
			func(h *hec) { h.indexes = []string{"main"} }, func(h *hec) { h.indexes = []string{"main", "oversight"} }, "Incorrect index",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			test.spoil(s.hec)
			collector := s.run([]string{"SPLUNK_INDEX=oversight"}, "splunk.yaml", smallBatches("oversight/splunk"))
			s.hec.waitForAttempts(t, attempts)
			collector.requireLogged(test.words)
			s.hec.set(func() { test.mend(s.hec) })
			requireArrived(t, s.hec, ordinary)
			collector.interrupt()
		})
	}
}

// A wrong API key for a while, then a good one.
func TestFaultElasticsearchRefusesTheKey(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	s.bulk.apiKey = "another"
	collector := s.run(nil, "elastic.yaml", smallBatches("oversight/elastic"))
	s.bulk.waitForAttempts(t, attempts)
	s.bulk.set(func() { s.bulk.apiKey = apiKey })
	requireArrived(t, s.bulk, ordinary)
	assert.Zero(t, s.bulk.conflicts)
	collector.interrupt()
}

// What an ingress answers while the SIEM behind it is away is no refusal of events.
func TestFaultIngressAnswers(t *testing.T) {
	for _, code := range []int{301, 303, 307, 308, 400, 404, 405, 413, 421, 500, 502, 503, 504, 520, 530} {
		for _, name := range []string{"splunk", "elastic", "sentinel"} {
			t.Run(fmt.Sprintf("%s/%d", name, code), func(t *testing.T) {
				t.Parallel()
				s := newFaultSite(t, ordinaryRegistry(t))
				elsewhere := serve(t, http.HandlerFunc(html(http.StatusOK)))
				destination := map[string]*destination{"splunk": s.hec.destination, "elastic": s.bulk.destination, "sentinel": s.azure.destination}[name]
				answer := html(code)
				if code < 400 {
					answer = html(code, "Location", elsewhere+"/maintenance")
				}
				destination.fails(answer)
				target := s.targets(t)[name]
				collector := s.runTarget(target, smallBatches("oversight/"+name))
				destination.waitForAttempts(t, attempts)
				destination.setFault(nil)
				requireArrived(t, target.recorder, ordinary)
				collector.interrupt()
			})
		}
	}
}

// A gateway that cannot take logs yet, or not from everybody.
func TestFaultGatewayRefusesEverything(t *testing.T) {
	for _, refusal := range []error{
		// grpc-go's words for a service that nobody has registered.
		grpcstatus.Error(codes.Unimplemented, "unknown service opentelemetry.proto.collector.logs.v1.LogsService"),
		grpcstatus.Error(codes.Unauthenticated, "missing or empty authorization metadata: Authorization"),
		grpcstatus.Error(codes.PermissionDenied, "forbidden"),
		grpcstatus.Error(codes.Unavailable, "no healthy upstream"),
	} {
		t.Run(grpcstatus.Code(refusal).String(), func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			g := newGRPCGateway(t)
			g.setRefuse(func(int, plog.Logs) error { return refusal })
			collector := s.run([]string{"OTLP_ENDPOINT=" + g.address, "OTLP_INSECURE=true"}, "otlp.yaml", smallBatches("oversight"))
			eventuallyWithin(t, faultTimeout, func() error { return errorIf(g.requestCount() < attempts, "too few requests") })
			g.setRefuse(nil)
			requireArrived(t, g, ordinary)
			collector.interrupt()
		})
	}
}

// A destination refuses one of 1,000 events: the others arrive, and it arrives in its
// reduced form. When the destination relents, it arrives whole. Nothing arrives twice,
// in Azure either, which knows no repeats.
func TestFaultOneEventIsRefused(t *testing.T) {
	const rows = 1000
	for _, name := range []string{"splunk", "elastic", "sentinel"} {
		for place, poisoned := range map[string]int{"head": 1, "middle": 500, "tail": 1000} {
			t.Run(name+"/"+place, func(t *testing.T) {
				t.Parallel()
				s := newFaultSite(t, writeRegistry(t, beacons(rows, poison(poisoned))))
				s.refusePoison()
				target := s.targets(t)[name]
				collector := s.runTarget(target)
				requireArrived(t, target.recorder, rows, poisoned)
				collector.requireNamed(refusalWords[name], []int{poisoned})
				collector.interrupt()

				s.relent()
				collector = s.runTarget(target)
				requireArrived(t, target.recorder, rows)
				collector.interrupt()
			})
		}
	}
}

// The same for an event that is refused in its reduced form too: it is kept, and
// arrives when the destination relents.
func TestFaultOneEventIsQuarantined(t *testing.T) {
	const rows, refused = 1000, 500
	for _, name := range []string{"splunk", "elastic"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, writeRegistry(t, beacons(rows, func(int) string { return "Mozilla/5.0" })))
			s.hec.refuseEvent = func(event map[string]any) bool { return event["event"].(map[string]any)["event_id"] == "500" }
			s.bulk.refuseDocument = func(document map[string]any) *itemError {
				if document["event"].(map[string]any)["id"] == "500" {
					return &itemError{http.StatusBadRequest, "document_parsing_exception", "this cluster refuses poison"}
				}
				return nil
			}
			target := s.targets(t)[name]
			collector := s.runTarget(target)
			waitForReport(t, target.recorder, rows, func(r report) bool {
				return slices.Equal(r.missing, []int{refused}) && len(r.whole) == rows-1 && r.repeated == 0
			})
			collector.requireNamed(refusalWords[name], []int{refused})
			collector.interrupt()

			s.relent()
			collector = s.runTarget(target)
			requireArrived(t, target.recorder, rows)
			collector.interrupt()
		})
	}
}

// refusalWords are the destination's words for an event that it refuses.
var refusalWords = map[string]string{"splunk": "Invalid data format", "elastic": "refuses poison", "sentinel": "InvalidPayload"}

// poison returns the agents of rows, of which some are refused.
func poison(rows ...int) func(int) string {
	return func(i int) string {
		if slices.Contains(rows, i) {
			return "poison"
		}
		return "Mozilla/5.0"
	}
}

// refusePoison makes Splunk, Elasticsearch and Azure refuse events with that agent.
// The words are those that the log has to repeat.
func (s *site) refusePoison() {
	s.azure.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		poisoned := hasPoison(r)
		if poisoned {
			answer(http.StatusBadRequest, "application/json", `{"error":{"code":"InvalidPayload","message":"The payload is invalid."}}`)(w, r)
		}
		return poisoned
	})
	s.hec.refuseEvent = func(event map[string]any) bool { return event["event"].(map[string]any)["user_agent"] == "poison" }
	s.bulk.refuseDocument = func(document map[string]any) *itemError {
		if agent, _ := document["user_agent"].(map[string]any); agent["original"] == "poison" {
			return &itemError{http.StatusBadRequest, "document_parsing_exception", "failed to parse field [user_agent.original]: refuses poison"}
		}
		return nil
	}
}

func (s *site) relent() {
	s.hec.set(func() { s.hec.refuseEvent = nil })
	s.bulk.set(func() { s.bulk.refuseDocument = nil })
	s.azure.setFault(nil)
}

// Elasticsearch answers 200 and stores nothing, for a reason that concerns the
// index and no document.
func TestFaultIndexRefusesEverything(t *testing.T) {
	for name, refusal := range map[string]itemError{
		"ingest pipeline is missing": {400, "illegal_argument_exception", "pipeline with id [oversight] does not exist"},
		"shard limit": {
			400, "validation_exception",
			"Validation Failed: 1: this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;",
		},
		"auto-creation is off": {
			404, "index_not_found_exception",
			"no such index [logs-oversight.beacon-default] and [action.auto_create_index] contains [-*] which forbids automatic creation of the index",
		},
		"no privilege": {
			403, "security_exception",
			"action [indices:data/write/bulk[s]] is unauthorized for API key id [id] of user [oversight] on indices [logs-oversight.beacon-default]",
		},
		"flood stage": {
			429, "cluster_block_exception",
			"index [.ds-logs-oversight.beacon-default-2026.11.25-000001] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			s.bulk.refuseDocument = func(map[string]any) *itemError { return &refusal }
			collector := s.run(nil, "elastic.yaml", smallBatches("oversight/elastic"))
			s.bulk.waitForAttempts(t, attempts)
			collector.requireLogged(refusal.kind)
			s.relent()
			requireArrived(t, s.bulk, ordinary)
			collector.interrupt()
		})
	}
}

// After an upgrade, an API key from before allows the data stream of events only. Events
// arrive, and findings wait until it allows theirs.
func TestFaultKeyAllowsEventsOnly(t *testing.T) {
	t.Parallel()
	const rows = 50
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	output, err := exec.Command(oversightgenBinary, "--db", database, "--count", strconv.Itoa(rows), "--tamper", "row-edited", "--tamper-at", "20").CombinedOutput()
	require.NoError(t, err, string(output))
	s := newFaultSite(t, database)
	s.bulk.refuseDocument = func(document map[string]any) *itemError {
		dataset := document["event"].(map[string]any)["dataset"]
		if dataset == "oversight.beacon" {
			return nil
		}
		return &itemError{http.StatusForbidden, "security_exception", fmt.Sprintf(
			"action [indices:data/write/bulk[s]] is unauthorized for API key id [id] of user [oversight] on indices [logs-%v-default]", dataset)}
	}
	leaves := filepath.Join(filepath.Dir(database), "tlog", "leaves.jsonl")
	collector := s.run(nil, "elastic.yaml", "receivers: {oversight/elastic: {transparency_log: {leaves: "+leaves+", grace: 1s}}}", soonUnhealthy)
	waitForDatasets(t, s.bulk, map[any]int{"oversight.beacon": rows})
	collector.requireLogged("security_exception", "logs-oversight.integrity-default")
	collector.requireHealth(http.StatusInternalServerError)
	s.relent()
	waitForDatasets(t, s.bulk, map[any]int{"oversight.beacon": rows, "oversight.integrity": 2}) // the row, and its leaf without a row that agrees
	collector.interrupt()
}

// waitForDatasets waits until a destination has that many documents of each dataset.
func waitForDatasets(t *testing.T, b *bulk, want map[any]int) {
	t.Helper()
	eventuallyWithin(t, faultTimeout, func() error {
		got := map[any]int{}
		documents, _ := b.byID()
		for _, document := range documents {
			got[document["event"].(map[string]any)["dataset"]]++
		}
		return errorIf(!maps.Equal(got, want), fmt.Sprint(got))
	})
}

// Without an index template the first document decides what a field is. A stranger
// who makes it an object costs no event its arrival.
func TestFaultMappingIsPoisoned(t *testing.T) {
	t.Parallel()
	rows := make([]beacon, 101)
	for i := range rows {
		rows[i] = beacon{kind: "dns", extra: fmt.Sprintf(`{"qname":"%d.t.example.com"}`, i)}
	}
	rows[0].extra = `{"qname":{"a":"b"}}`
	s := newFaultSite(t, writeRegistry(t, rows))
	s.bulk.mapping = map[string]string{}
	collector := s.run(nil, "elastic.yaml")
	waitForReport(t, s.bulk, len(rows), func(r report) bool { return len(r.missing) == 0 })
	collector.interrupt()
}

// A topic that the agent may not write to.
func TestFaultKafkaACL(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	kafka := newBroker(t, kfake.SeedTopics(3, "oversight"))
	denied := kafka.denyWriting("oversight")
	collector := s.run([]string{"KAFKA_BROKER=" + kafka.address()}, "gateway/agent.yaml", smallBatches("oversight/kafka"), soonUnhealthy)
	collector.requireHealth(http.StatusInternalServerError)
	collector.requireLogged("TOPIC_AUTHORIZATION_FAILED")
	eventuallyWithin(t, faultTimeout, func() error { return errorIf(denied.Hits() < attempts, "too few requests") })
	denied.Remove()
	kafka.consume(t, "oversight")
	requireArrived(t, kafka, ordinary)
	collector.interrupt()
}

// A mistyped topic is not made, though the broker would make it (Kafka's default,
// auto.create.topics.enable).
func TestFaultKafkaMistypedTopic(t *testing.T) {
	t.Parallel()
	const mistyped = "oversigth"
	s := newFaultSite(t, ordinaryRegistry(t))
	kafka := newBroker(t)
	collector := s.run([]string{"KAFKA_BROKER=" + kafka.address(), "KAFKA_TOPIC=" + mistyped}, "gateway/agent.yaml", smallBatches("oversight/kafka"))
	eventuallyWithin(t, faultTimeout, func() error {
		if kafka.cluster.TopicInfo(mistyped) != nil {
			return nil
		}
		return errorIf(!strings.Contains(collector.Output.String(), "UNKNOWN_TOPIC_OR_PARTITION"), "the log does not say that the topic is unknown")
	})
	require.Nil(t, kafka.cluster.TopicInfo(mistyped), "the topic has been made")
	require.NoError(t, kafka.cluster.CreateTopic(mistyped, 3, nil))
	kafka.consume(t, mistyped)
	requireArrived(t, kafka, ordinary)
	collector.interrupt()
}

// hasPoison reports whether a request has an event with that agent.
func hasPoison(r *http.Request) bool {
	text, err := body(r)
	if err != nil {
		return false // the handler finds that too
	}
	r.Body, r.Header = io.NopCloser(bytes.NewReader(text)), r.Header.Clone()
	r.Header.Del("Content-Encoding")
	return bytes.Contains(text, []byte(`"poison"`))
}

// A server that fails, and does not refuse, whenever it is given one event: the
// others arrive all the same.
func TestFaultServerFailsForOneEvent(t *testing.T) {
	for _, code := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError} {
		t.Run(http.StatusText(code), func(t *testing.T) {
			t.Parallel()
			const rows, poisoned = 300, 150
			s := newFaultSite(t, writeRegistry(t, beacons(rows, poison(poisoned))))
			s.hec.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
				failing := hasPoison(r)
				if failing {
					html(code)(w, r)
				}
				return failing
			})
			collector := s.run(nil, "splunk.yaml")
			requireArrived(t, s.hec, rows, poisoned)
			collector.interrupt()
			s.hec.setFault(nil)
			collector = s.run(nil, "splunk.yaml")
			requireArrived(t, s.hec, rows)
			collector.interrupt()
		})
	}
}

// A limit below the budget of a batch costs requests, and no event.
func TestFaultLimitBelowTheBudget(t *testing.T) {
	for _, name := range []string{"splunk", "elastic"} {
		for _, limit := range []int{100_000, 4_000} {
			t.Run(fmt.Sprintf("%s/%d bytes", name, limit), func(t *testing.T) {
				t.Parallel()
				s := newFaultSite(t, ordinaryRegistry(t))
				target := s.targets(t)[name]
				s.hec.maxContentLength, s.bulk.maxContentLength = limit, limit
				collector := s.runTarget(target)
				requireArrived(t, target.recorder, ordinary)
				collector.interrupt()
			})
		}
	}
}

// A balancer with a backend that refuses everything blames no event for good.
func TestFaultBalancerRefusesHalf(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	random := rand.New(rand.NewPCG(5, 6))
	s.hec.setFault(func(_ int, w http.ResponseWriter, _ *http.Request) bool { // the receiver sends one request at a time
		refuse := random.IntN(2) == 0
		if refuse {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"text":"Invalid token","code":4}`)
		}
		return refuse
	})
	quicker := "receivers: {oversight/splunk: {batch_size: 50, retry_on_failure: {initial_interval: 10ms, max_interval: 20ms}}}"
	collector := s.run(nil, "splunk.yaml", quicker)
	waitForReport(t, s.hec, ordinary, func(r report) bool { return len(r.missing) == 0 && r.repeated == 0 })
	collector.interrupt()
	s.hec.setFault(nil)
	collector = s.run(nil, "splunk.yaml", quicker)
	requireArrived(t, s.hec, ordinary)
	collector.interrupt()
}

// `on_refusal: drop` drops the event that is refused, and no other, for good.
func TestFaultDropRefusedEvent(t *testing.T) {
	t.Parallel()
	const rows, poisoned = 300, 150
	s := newFaultSite(t, writeRegistry(t, beacons(rows, poison(poisoned))))
	s.refusePoison()
	drop := "receivers: {oversight/splunk: {on_refusal: drop}}"
	collector := s.run(nil, "splunk.yaml", drop)
	waitForReport(t, s.hec, rows, func(r report) bool { return len(r.whole) == rows-1 && r.repeated == 0 })
	collector.requireMetric(metricPrefix+"events_refused", `outcome="dropped"`, func(v float64) bool { return v == 1 })
	collector.requireNamed(refusalWords["splunk"], []int{poisoned})
	collector.interrupt()
	s.relent()
	appendRows(t, s.databases[0], beacon{agent: "later"})
	collector = s.run(nil, "splunk.yaml", drop)
	waitForReport(t, s.hec, rows+1, func(r report) bool { return len(r.whole) == rows && r.repeated == 0 })
	collector.interrupt()
}

// An event that `give_up` names leaves the quarantine.
func TestFaultGiveUp(t *testing.T) {
	t.Parallel()
	const rows, refused = 20, 7
	s := newFaultSite(t, writeRegistry(t, beacons(rows, func(int) string { return "Mozilla/5.0" })))
	s.hec.refuseEvent = func(event map[string]any) bool { return event["event"].(map[string]any)["event_id"] == "7" }
	collector := s.run(nil, "splunk.yaml")
	waitForReport(t, s.hec, rows, func(r report) bool { return slices.Equal(r.missing, []int{refused}) })
	collector.requireMetric(metricPrefix+"quarantined_events", "", func(v float64) bool { return v == 1 })
	collector.interrupt()

	giveUp := "receivers: {oversight/splunk: {give_up: [7]}}"
	collector = s.run(nil, "splunk.yaml", giveUp)
	collector.requireMetric(metricPrefix+"events_given_up", `reason="configuration"`, func(v float64) bool { return v == 1 })
	collector.requireMetric(metricPrefix+"quarantined_events", "", func(v float64) bool { return v == 0 })
	collector.interrupt()
	s.relent()
	appendRows(t, s.databases[0], beacon{agent: "later"})
	collector = s.run(nil, "splunk.yaml", giveUp)
	waitForReport(t, s.hec, rows+1, func(r report) bool { return slices.Equal(r.missing, []int{refused}) && len(r.whole) == rows })
	collector.interrupt()
}
