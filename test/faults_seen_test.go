// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
)

// shutdownLimit is how long a collector may take to end: the receivers' 5 s, and
// what a busy machine adds.
const shutdownLimit = 9 * time.Second

// soonUnhealthy shortens the time after which an error makes the health check fail.
const soonUnhealthy = "extensions: {health_check: {component_health: {recovery_duration: 1s}}}"

const metricPrefix = "otelcol_oversight_receiver_"

// health returns the status of the health check, and of the one for liveness
// probes.
func (p *process) health() (health, live int, words string) {
	url := "http://" + p.variable("HEALTH_ENDPOINT") + "/health"
	health, words, err := get(url)
	if err != nil {
		return 0, 0, err.Error()
	}
	live, _, err = get(url + "?pipeline=extensions")
	if err != nil {
		return health, 0, err.Error()
	}
	return health, live, words
}

func (p *process) requireHealth(want int) {
	p.T.Helper()
	eventuallyWithin(p.T, faultTimeout, func() error {
		health, live, words := p.health()
		if health != want || live != http.StatusOK {
			return fmt.Errorf("/health answers %d, want %d; the liveness probe %d: %s", health, want, live, words)
		}
		return nil
	})
}

// A destination that is away, or refuses everything, or never answers, turns the
// health check and not the liveness probe, and is told in the log.
func TestFaultDestinationIsSeen(t *testing.T) {
	for name, fail := range map[string]func(t testing.TB, h *hec){
		"down":    func(_ testing.TB, h *hec) { h.down() },
		"refuses": func(_ testing.TB, h *hec) { h.set(func() { h.token = "another" }) },
		"503":     func(_ testing.TB, h *hec) { h.fails(html(http.StatusServiceUnavailable)) },
		"hangs":   hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			fail(t, s.hec)
			collector := s.run(nil, "splunk.yaml", soonUnhealthy)
			collector.requireHealth(http.StatusInternalServerError)
			assert.Regexp(t, `\twarn\t\S*oversightreceiver/`, collector.Output.String())
			if name == "hangs" {
				collector.Terminate(shutdownLimit)
				return
			}
			if name == "down" {
				s.hec.up()
			}
			s.hec.setFault(nil)
			s.hec.set(func() { s.hec.token = hecToken })
			requireArrived(t, s.hec, ordinary)
			collector.requireHealth(http.StatusOK)
			collector.interrupt()
		})
	}
}

// hang makes a destination read requests and answer none, until the test ends.
func hang(t testing.TB, h *hec) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	h.setFault(func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		_, _ = body(r)
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	})
}

// Counters exist before they count, so that an alert on their increase sees the
// first one.
func TestFaultCountersExist(t *testing.T) {
	t.Parallel()
	s := newSite(t, "registry.sqlite")
	collector := s.run(nil, "verified.yaml")
	collector.waitForOutput("Reading events")
	for _, name := range []string{
		"database_replacements", "decode_errors", "failed_reads", "checkpoint_failures", "values_truncated",
		"refused_delivered", `events_refused{outcome="reduced"`, `events_refused{outcome="quarantined"`, `events_refused{outcome="dropped"`,
		`failed_deliveries{class="destination"`, `tlog_findings{kind="row_mismatch"`, `tlog_events{status="mismatch"`,
		"holding", "quarantined_events", "owed_events",
	} {
		name, label, _ := strings.Cut(name, "{")
		collector.requireMetric(metricPrefix+name, label, func(sum float64) bool { return sum == 0 })
	}
	collector.interrupt()

	s = newSite(t, "registry.sqlite")
	collector = s.run(nil, "sentinel.yaml", s.azure.trust())
	requireArrived(t, s.azure, sampleSize)
	collector.requireMetric("otelcol_azure_logs_ingestion_exporter_rows_dropped", "", func(sum float64) bool { return sum == 0 })
	collector.interrupt()
}

// A database that cannot be read any more stands out, and its other metrics stay.
func TestFaultUnreadableDatabaseIsSeen(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	collector := s.run(nil, "splunk.yaml", soonUnhealthy)
	requireArrived(t, s.hec, ordinary)
	collector.requireMetric(metricPrefix+"database_readable", "", func(v float64) bool { return v == 1 })
	require.NoError(t, os.Rename(s.databases[0], s.databases[0]+".away"))
	require.NoError(t, os.WriteFile(s.databases[0], []byte(strings.Repeat("no database ", 1000)), 0o600))
	collector.requireMetric(metricPrefix+"database_readable", "", func(v float64) bool { return v == 0 })
	collector.requireMetric(metricPrefix+"failed_reads", "", func(v float64) bool { return v > 0 })
	for _, name := range []string{"lag", "oldest_unread_age"} {
		_, series := collector.metric(metricPrefix+name, "")
		assert.Equal(t, 1, series, name)
	}
	collector.requireHealth(http.StatusInternalServerError)
	collector.interrupt()
}

// A broker that hangs after first contact returns no error at all. It is seen, and
// does not hold up the end of the agent.
func TestFaultKafkaHangs(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	kafka := newBroker(t, kfake.SeedTopics(3, "oversight"))
	kafka.consume(t, "oversight")
	collector := s.run([]string{"KAFKA_BROKER=" + kafka.address()}, "gateway/agent.yaml", soonUnhealthy)
	requireArrived(t, kafka, ordinary)
	kafka.hang()
	appendRows(t, s.databases[0], beacon{agent: "pending"})
	collector.requireHealth(http.StatusInternalServerError)
	took := collector.Terminate(shutdownLimit)
	t.Logf("ended %v after SIGTERM", took.Round(100*time.Millisecond))
}

// A named pipe, or a directory, in place of a file of the registry is told, and
// holds up neither /metrics nor the end of the collector.
func TestFaultNamedPipes(t *testing.T) {
	for name, replace := range map[string]func(t testing.TB, database string){
		"-wal is a pipe": func(t testing.TB, database string) {
			db, err := sql.Open("sqlite", database)
			require.NoError(t, err)
			_, err = db.ExecContext(t.Context(), "PRAGMA journal_mode=WAL")
			require.NoError(t, err)
			require.NoError(t, db.Close())
			require.NoError(t, syscall.Mkfifo(database+"-wal", 0o600))
		},
		"the database is a pipe": func(t testing.TB, database string) {
			require.NoError(t, os.Remove(database))
			require.NoError(t, syscall.Mkfifo(database, 0o600))
		},
		"the database is a directory": func(t testing.TB, database string) {
			require.NoError(t, os.Remove(database))
			require.NoError(t, os.Mkdir(database, 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaultSite(t, ordinaryRegistry(t))
			replace(t, s.databases[0])
			collector := s.run(nil, "splunk.yaml", soonUnhealthy)
			collector.waitForOutput(collector.ready)
			eventuallyWithin(t, faultTimeout, func() error {
				for line := range strings.Lines(collector.Output.String()) {
					if strings.Contains(line, "\twarn\t") && strings.Contains(line, "oversightreceiver/") && strings.Contains(line, filepath.Base(s.databases[0])) {
						return nil
					}
				}
				return fmt.Errorf("no warning names the file")
			})
			collector.requireMetric(metricPrefix+"database_readable", "", func(v float64) bool { return v == 0 })
			collector.requireHealth(http.StatusInternalServerError)
			collector.Terminate(shutdownLimit)
		})
	}
}

// A named pipe in place of the transparency log delays no event.
func TestFaultLeavesAreAPipe(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	leaves := filepath.Join(t.TempDir(), "leaves.jsonl")
	require.NoError(t, syscall.Mkfifo(leaves, 0o600))
	collector := s.run([]string{"OVERSIGHT_TLOG=" + leaves}, "verified.yaml")
	requireArrived(t, ndjson{t, filepath.Join(s.dir, "state"), "events"}, ordinary)
	collector.requireLogged(leaves)
	collector.Terminate(shutdownLimit)
}

// An error that differs at each attempt, for it names a request, is not logged at
// each attempt.
func TestFaultErrorsWithRequestIDs(t *testing.T) {
	t.Parallel()
	s := newFaultSite(t, ordinaryRegistry(t))
	s.hec.setFault(func(request int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"text":"Server is busy, request %d","code":9}`, request)
		return true
	})
	collector := s.run(nil, "splunk.yaml", "receivers: {oversight/splunk: {retry_on_failure: {initial_interval: 5ms, max_interval: 20ms}}}")
	s.hec.waitForAttempts(t, 100)
	warnings := strings.Count(collector.Output.String(), "oversightreceiver/")
	assert.LessOrEqual(t, warnings, 10, "lines of the receiver after 100 attempts")
	collector.interrupt()
}

// An event that is refused is named, and no other. Of many, the first are named at
// once, and all in a list at the next start.
func TestFaultRefusedEventsAreNamed(t *testing.T) {
	const rows, every = 160, 4
	t.Parallel()
	var refused []int
	for i := every; i <= rows; i += every {
		refused = append(refused, i)
	}
	s := newFaultSite(t, writeRegistry(t, beacons(rows, poison(refused...))))
	s.refusePoison()
	collector := s.run(nil, "splunk.yaml")
	requireArrived(t, s.hec, rows, refused...)
	collector.requireNamed(refusalWords["splunk"], refused[:10])
	collector.interrupt()

	collector = s.run(nil, "splunk.yaml")
	collector.requireNamed(refusalWords["splunk"], refused)
	collector.interrupt()
}

// requireNamed waits until the receiver has named the events that were refused, and
// no others.
func (p *process) requireNamed(words string, want []int) {
	p.T.Helper()
	var named []int
	eventuallyWithin(p.T, faultTimeout, func() error {
		named = namedEvents(p.Output.String(), words)
		slices.Sort(named)
		return errorIf(len(named) < len(want), fmt.Sprintf("the log names %d of %d events", len(named), len(want)))
	})
	assert.Equal(p.T, want, named)
}

// namedEvents returns the ids in the receiver's lines that repeat a destination's
// words, in the order of their first line.
func namedEvents(log, words string) []int {
	var ids []int
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "oversightreceiver/") || !strings.Contains(line, words) {
			continue
		}
		if match := eventIDs.FindStringSubmatch(line); match != nil {
			for _, number := range strings.Split(match[1], ",") {
				id, err := strconv.Atoi(number)
				if err == nil && !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids
}

// eventIDs is the field of a log line that names an event, or a list of them.
var eventIDs = regexp.MustCompile(`"ids?": "?([0-9,]+)"?`)
