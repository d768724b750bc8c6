// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	_ "modernc.org/sqlite"
)

// agent is a collector on the registry's host that sends to a gateway.
type agent struct {
	t        testing.TB
	database string
	stateDir string // of the checkpoint and the configuration
	gateway  *gateway
	user     *syscall.Credential // nil: the current user
	tlog     string              // `transparency_log` of the receiver, in YAML; empty: none
}

const batchSize = 50

// agentConfig sends each batch directly to the gateway and returns the result to
// the receiver.
const agentConfig = `
receivers:
  oversight:
    database: %q
    registry_id: deadbeef
    poll_interval: 20ms
    batch_size: %d
    storage: file_storage
    retry_on_failure: {initial_interval: 10ms, max_interval: 50ms}
    %s
exporters:
  otlp_http:
    endpoint: %s
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
extensions:
  file_storage: {directory: %q, create_directory: true, fsync: true}
service:
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [oversight], exporters: [otlp_http]}
  telemetry:
    metrics: {level: none}
`

func newAgent(t testing.TB, database string) *agent {
	t.Helper()
	return &agent{t: t, database: database, stateDir: sharedDir(t), gateway: newGateway(t)}
}

func (a *agent) start() *process {
	a.t.Helper()
	config := filepath.Join(a.stateDir, "config.yaml")
	text := fmt.Sprintf(agentConfig, a.database, batchSize, a.tlog, a.gateway.url, filepath.Join(a.stateDir, "checkpoint"))
	require.NoError(a.t, os.WriteFile(config, []byte(text), 0o644))
	cmd := exec.Command(collectorBinary, "--config", config)
	if a.user != nil {
		require.NoError(a.t, os.Chown(a.stateDir, int(a.user.Uid), int(a.user.Gid)))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.user}
		cmd.Dir = a.stateDir
	}
	return startCollector(a.t, cmd)
}

// waitForAll waits until n different events have arrived.
func (a *agent) waitForAll(n int) {
	a.t.Helper()
	eventually(a.t, func() error {
		if different, _ := a.gateway.arrived(); different != n {
			return fmt.Errorf("%d of %d events have arrived", different, n)
		}
		return nil
	})
}

// row is a row of the events table as another program reads it.
type row struct {
	id                                                                int64
	token, file, recipient, issuer, kind, ip, agent, extra, qualified sql.NullString
	timestamp, tlogIndex                                              sql.NullInt64
}

// rowsOf reads a database without the receiver's code.
func rowsOf(t testing.TB, path string) []row {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer db.Close()
	found, err := db.QueryContext(t.Context(), "SELECT id, token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, qualified_timestamp, timestamp, tlog_index FROM events ORDER BY id")
	require.NoError(t, err)
	defer found.Close()
	var rows []row
	for found.Next() {
		var r row
		require.NoError(t, found.Scan(&r.id, &r.token, &r.file, &r.recipient, &r.issuer, &r.kind, &r.ip, &r.agent, &r.extra, &r.qualified, &r.timestamp, &r.tlogIndex))
		rows = append(rows, r)
	}
	require.NoError(t, found.Err())
	return rows
}

// attributes returns the attributes of the row's log record, without the uid.
func (r row) attributes(t testing.TB) map[string]any {
	t.Helper()
	want := map[string]any{"oversight.event.id": strconv.FormatInt(r.id, 10)}
	for name, text := range map[string]sql.NullString{
		"oversight.token.id": r.token, "oversight.file.id": r.file, "oversight.recipient.id": r.recipient,
		"oversight.issuer.id": r.issuer, "oversight.beacon.kind": r.kind, "oversight.qualified_timestamp": r.qualified,
		"client.address": r.ip, "user_agent.original": r.agent,
	} {
		if text.String != "" {
			want[name] = text.String
		}
	}
	if r.tlogIndex.Valid {
		want["oversight.tlog.index"] = r.tlogIndex.Int64
	}
	extra := extraOf(r.extra.String)
	if len(extra) > 0 {
		want["oversight.extra"] = extra
	}
	if name, ok := extra["qname"].(string); ok {
		want["dns.question.name"] = name
	}
	return want
}

// extraOf returns the value of the column extra: an object, or any other value
// below the key raw.
func extraOf(text string) map[string]any {
	if text == "" {
		return nil
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return map[string]any{"raw": text}
	}
	if object, ok := value.(map[string]any); ok {
		return object
	}
	return map[string]any{"raw": value}
}

var actions = map[string]string{
	"dns": "beacon-dns-callback", "http_img": "beacon-http-pixel", "ocsp": "beacon-ocsp-callback", "license": "beacon-license-check",
	"webdav": "beacon-webdav", "": "beacon-",
}

// asJSON makes a value that was decoded from JSON comparable with one that was not.
func asJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

func TestEveryColumnArrives(t *testing.T) {
	for name, count := range map[string]int{"registry.sqlite": 600, "edge.sqlite": 15} {
		t.Run(name, func(t *testing.T) {
			database := filepath.Join(t.TempDir(), name)
			data, err := os.ReadFile(filepath.Join("..", "testdata", name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(database, data, 0o600))
			rows := rowsOf(t, database)
			require.Len(t, rows, count)

			a := newAgent(t, database)
			collector := a.start()
			a.waitForAll(count)
			collector.interrupt()

			got := a.gateway.all()
			require.Len(t, got, count)
			uids := map[string]bool{}
			for i, r := range rows {
				checkRecord(t, r, got[i])
				uid, _ := got[i].Attributes().Get("log.record.uid")
				require.Regexp(t, "^[0-9a-f]{32}$", uid.Str())
				uids[uid.Str()] = true
			}
			assert.Len(t, uids, count)
		})
	}
}

func checkRecord(t *testing.T, r row, got record) {
	t.Helper()
	attributes := got.Attributes().AsRaw()
	delete(attributes, "log.record.uid")
	require.JSONEq(t, asJSON(t, r.attributes(t)), asJSON(t, attributes), "row %d", r.id)
	require.Equal(t, r.timestamp.Int64*int64(time.Second), int64(got.Timestamp()), "row %d", r.id)
	require.Equal(t, actions[r.kind.String], got.Body().Str(), "row %d", r.id)
	require.Equal(t, "oversight.beacon", got.EventName())
	require.Equal(t, plog.SeverityNumberInfo, got.SeverityNumber())
	require.NotZero(t, got.ObservedTimestamp())
	require.Equal(t, map[string]any{"service.name": "oversight-registry", "service.instance.id": "deadbeef", "oversight.registry.id": "deadbeef"}, got.resource)
	require.Equal(t, "github.com/oversight-protocol/oversight-otelcol/receiver/oversightreceiver", got.scopeName)
}

// generate starts a generator that writes a registry until it is interrupted.
func generate(t testing.TB, database, style, rate string) *process {
	t.Helper()
	p := start(t, exec.Command(oversightgenBinary, "--db", database, "--style", style, "--rate", rate, "--seed", "7"))
	eventually(t, func() error {
		_, err := os.Stat(database)
		return err
	})
	return p
}

var styles = []string{"python", "rust"}

// Ten kills at random moments, while every third batch is refused: every event
// arrives, and a kill repeats no more than the batch that it interrupted.
func TestKilledAtAnyMoment(t *testing.T) {
	for _, style := range styles {
		t.Run(style, func(t *testing.T) {
			a := newAgent(t, filepath.Join(t.TempDir(), "registry.sqlite"))
			registry := generate(t, a.database, style, "400/s")
			killAtAnyMoment(t, a, registry)
		})
	}
}

// killAtAnyMoment returns when all of the registry's events have arrived, and the
// collector has ended.
func killAtAnyMoment(t *testing.T, a *agent, registry *process) {
	t.Helper()
	a.gateway.refuse = func(request int) bool { return request%3 == 0 }
	random := rand.New(rand.NewPCG(1, 2))
	const kills = 10
	for range kills {
		collector := a.start()
		_, before := a.gateway.arrived()
		wanted := before + 1 + random.IntN(3*batchSize)
		eventually(t, func() error {
			if _, now := a.gateway.arrived(); now < wanted {
				return fmt.Errorf("%d of %d", now, wanted)
			}
			return nil
		})
		collector.Kill()
	}
	collector := a.start()
	registry.interrupt()
	rows := rowsOf(t, a.database)
	a.waitForAll(len(rows))
	collector.interrupt()
	for _, r := range rows {
		require.Contains(t, a.gateway.times, strconv.FormatInt(r.id, 10))
	}
	different, all := a.gateway.arrived()
	t.Logf("%d events, %d arrivals", different, all)
	assert.LessOrEqual(t, all-different, kills*batchSize)
}

// nobody is a user who may only read the registry's directory.
var nobody = &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}

// Reading leaves nothing behind and needs no permission to write, whatever the
// registry's connections do meanwhile.
func TestLeavesNoTrace(t *testing.T) {
	for _, style := range styles {
		for name, user := range readers() {
			t.Run(style+" as "+name, func(t *testing.T) {
				dir := sharedDir(t)
				database := filepath.Join(dir, "registry.sqlite")
				a := newAgent(t, database)
				a.user = user
				registry := generate(t, database, style, "200/s")
				collector := a.start()
				eventually(t, func() error {
					requireOnlyRegistryFiles(t, dir)
					if n, _ := a.gateway.arrived(); n < 300 {
						return fmt.Errorf("%d events have arrived", n)
					}
					return nil
				})
				registry.interrupt()
				a.waitForAll(len(rowsOf(t, database)))
				assert.Equal(t, registryFiles, listing(t, dir), "while the collector runs")
				collector.interrupt()
				assert.Equal(t, registryFiles, listing(t, dir), "after the collector has ended")
			})
		}
	}
}

// readers returns the users that the collector runs as. Without root that is only
// the current user, who also owns the directory.
func readers() map[string]*syscall.Credential {
	if os.Getuid() == 0 {
		return map[string]*syscall.Credential{"root": nil, "nobody": nobody}
	}
	return map[string]*syscall.Credential{"this user": nil}
}

// registryFiles are the files of a registry while no connection is open.
var registryFiles = []string{"registry-identity.json", "registry.sqlite", "signed-head.json", "tlog", "well-known.json"}

// requireOnlyRegistryFiles fails if there is a file that the registry does not
// create, or that belongs to another user.
func requireOnlyRegistryFiles(t *testing.T, dir string) {
	t.Helper()
	// A new database has a rollback journal until it is switched to WAL mode.
	// A file that is replaced atomically has a temporary name first.
	names := append([]string{
		"registry.sqlite-journal", "registry.sqlite-wal", "registry.sqlite-shm",
		"registry-identity.json.tmp", "signed-head.json.tmp", "well-known.json.tmp",
	}, registryFiles...)
	for _, name := range listing(t, dir) {
		require.Contains(t, names, name)
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil { // it may have been removed since
			require.EqualValues(t, os.Getuid(), info.Sys().(*syscall.Stat_t).Uid, name)
		}
	}
}

// A read-only directory with rows that are only in the WAL of a registry that was
// killed.
func TestReadOnlyDirectoryWithWAL(t *testing.T) {
	source := filepath.Join(t.TempDir(), "registry.sqlite")
	registry := generate(t, source, "rust", "1000/s")
	eventually(t, func() error {
		info, err := os.Stat(source + "-wal")
		if err == nil && info.Size() < 100_000 {
			err = fmt.Errorf("%d bytes", info.Size())
		}
		return err
	})
	registry.Kill()
	for _, files := range [][]string{{"", "-wal", "-shm"}, {"", "-wal"}} {
		dir := sharedDir(t)
		database := filepath.Join(dir, "registry.sqlite")
		for _, suffix := range files {
			copyFile(t, source+suffix, database+suffix)
		}
		want := len(rowsOf(t, copyOf(t, source)))
		before := listing(t, dir)
		require.NoError(t, os.Chmod(dir, 0o555))
		a := newAgent(t, database)
		if os.Getuid() == 0 {
			a.user = nobody
		}
		collector := a.start()
		a.waitForAll(want)
		collector.interrupt()
		assert.Equal(t, before, listing(t, dir))
		require.NoError(t, os.Chmod(dir, 0o755))
	}
}

func copyOf(t *testing.T, database string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.sqlite")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		copyFile(t, database+suffix, path+suffix)
	}
	return path
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// While the pipeline blocks on a batch, the registry can checkpoint its WAL.
func TestCheckpointWhileBlocked(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	run := exec.Command(oversightgenBinary, "--db", database, "--style", "rust", "--count", "120", "--seed", "7")
	require.NoError(t, run.Run())
	db, err := sql.Open("sqlite", database)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), "PRAGMA journal_mode=WAL; INSERT INTO events(token_id, kind, timestamp) VALUES ('last', 'dns', 1)")
	require.NoError(t, err)

	a := newAgent(t, database)
	blocked, release := make(chan struct{}), make(chan struct{})
	a.gateway.hold = func(request int) {
		if request == 2 {
			close(blocked)
			<-release
		}
	}
	collector := a.start()
	<-blocked
	var busy, pages, done int
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done))
	assert.Zero(t, busy)
	info, err := os.Stat(database + "-wal")
	require.NoError(t, err)
	assert.Zero(t, info.Size())
	close(release)
	a.waitForAll(121)
	require.NoError(t, db.Close())
	collector.interrupt()
}

func TestInvalidConfigurationFailsAtStart(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.yaml")
	text := fmt.Sprintf(agentConfig, "registry.sqlite", -1, "", "http://127.0.0.1:1", t.TempDir())
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	output, err := exec.Command(collectorBinary, "--config", config).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(output), "`batch_size` is -1: must be from 1 to 100000")
}
