// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen/dialect"
)

// doctorScene is a registry, the destinations, a checkpoint that the collector has
// written, and the configuration of all of them.
type doctorScene struct {
	t        testing.TB
	dir      string
	registry *logRegistry
	heads    *heads
	hec      *hec
	bulk     *bulk
	azure    *azureLogs

	// settings are the texts of the configuration that faults change, by their names.
	settings map[string]string
	// environment is for the command and the collector.
	environment []string
	programs    string // the directory of copies of these
}

// doctorRows is how many rows the registry has.
const doctorRows = 60

// newDoctorScene returns a scene in a directory that the collector's user can search.
// from is the directory of one whose files it starts with; empty for none.
func newDoctorScene(t testing.TB, from *doctorScene) *doctorScene {
	t.Helper()
	s := &doctorScene{t: t, dir: sharedDir(t), hec: newHEC(t), bulk: newBulk(t), azure: newAzureLogs(t)}
	s.hec.indexes = []string{"oversight"}
	s.bulk.rights = elasticRights{privileges: []string{"create_doc", "auto_configure"}, readAll: true}
	registry, state := filepath.Join(s.dir, "registry"), filepath.Join(s.dir, "state")
	if from == nil {
		require.NoError(t, os.Mkdir(registry, 0o755))
		require.NoError(t, os.Mkdir(state, 0o755))
		s.copyPrograms()
	} else {
		s.programs = from.programs
		for _, part := range []string{registry, state} {
			require.NoError(t, os.CopyFS(part, os.DirFS(filepath.Join(from.dir, filepath.Base(part)))))
		}
	}
	s.registry = newLogRegistry(t, registry, dialect.PublicRust)
	if from == nil {
		s.registry.write(doctorRows)
	} else {
		s.registry.key = from.registry.key
	}
	s.ownState()
	s.serveRegistry()
	ca := filepath.Join(s.dir, "ca.pem")
	copyFile(t, s.azure.caFile, ca)
	require.NoError(t, os.Chmod(ca, 0o644))
	s.settings = map[string]string{
		"database": s.registry.database, "registry_id": s.registry.publicKey(), "leaves": s.registry.leaves, "head": s.heads.url, "receiver": "",
		"state": state, "processors": "[oversight_siem]", "queue": "false", "retry": "false", "elastic_check": "[{id: responsecheck}]", "index": "oversight",
		"hec": s.hec.url, "hec_tls": "", "token": hecToken, "elastic": s.bulk.url, "api_key": apiKey,
		"azure": s.azure.url, "authority": s.azure.authority, "azure_ca": ca, "rule": ruleID, "cloud": "public", "output": filepath.Join(state, "events.ndjson"),
	}
	return s
}

// ownState gives the state to the collector's user, and lets it read the registry.
func (s *doctorScene) ownState() {
	s.t.Helper()
	for part, uid := range map[string]int{"registry": os.Getuid(), "state": collectorUID()} {
		require.NoError(s.t, filepath.WalkDir(filepath.Join(s.dir, part), func(path string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			mode := os.FileMode(0o644)
			if entry.IsDir() {
				mode = 0o755
			}
			return errors.Join(os.Chmod(path, mode), os.Chown(path, uid, -1)) //nolint:gosec // the directory is the test's own
		}))
	}
}

// collectorUID is the user of the collector: another one than the registry's, if the
// tests may choose.
func collectorUID() int {
	if os.Getuid() == 0 {
		return 65534
	}
	return os.Getuid()
}

// serveRegistry makes the registry serve its heads and its key.
func (s *doctorScene) serveRegistry() {
	s.heads = &heads{answer: func(int) []byte { return s.registry.head(s.registry.size(), s.registry.size()) }}
	s.heads.destination = newDestination(s.t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/oversight-registry" {
			fmt.Fprintf(w, `{"ed25519_pub":%q,"version":"0.2.1","jurisdiction":"GLOBAL","tlog_size":%d}`, s.registry.publicKey(), s.registry.size())
			return
		}
		s.heads.mu.Lock()
		defer s.heads.mu.Unlock()
		_, _ = w.Write(s.heads.answer(1))
	}))
}

const doctorConfiguration = `
receivers:
  oversight:
    database: <database>
    registry_id: "<registry_id>"
    storage: file_storage
    transparency_log:
      leaves: <leaves>
      tree_head: {endpoint: "<head>"}
<receiver>
processors:
  oversight_siem: {format: splunk, splunk: {index: <index>}}
exporters:
  splunk_hec:
    endpoint: <hec>/services/collector
    token: <token>
    sending_queue: {enabled: <queue>}
    retry_on_failure: {enabled: <retry>}
    middlewares: [{id: responsecheck}]
    tls: {<hec_tls>}
  elasticsearch:
    endpoints: [<elastic>]
    api_key: <api_key>
    sending_queue: {enabled: false}
    retry: {enabled: false}
    middlewares: <elastic_check>
  azure_logs_ingestion:
    endpoint: <azure>
    rule_id: <rule>
    stream_name: Custom-Oversight
    tls: {ca_file: <azure_ca>}
    credential: {type: client_secret, cloud: <cloud>, tenant_id: ` + tenantID + `, client_id: ` + clientID + `, client_secret: ` + clientSecret + `, authority_host: "<authority>"}
    sending_queue: {enabled: false}
    retry_on_failure: {enabled: false}
  file: {path: <output>, rotation: {max_megabytes: 100}}
extensions:
  file_storage: {directory: <state>, fsync: true}
  responsecheck: {}
service:
  extensions: [file_storage, responsecheck]
  pipelines:
    logs: {receivers: [oversight], processors: <processors>, exporters: [splunk_hec, elasticsearch, azure_logs_ingestion, file]}
  telemetry: {metrics: {level: none}}
`

// writeConfiguration writes the configuration and returns its path.
func (s *doctorScene) writeConfiguration() string {
	s.t.Helper()
	var pairs []string
	for name, text := range s.settings {
		pairs = append(pairs, "<"+name+">", text)
	}
	path := filepath.Join(s.dir, "config.yaml")
	require.NoError(s.t, os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(doctorConfiguration)), 0o644))
	return path
}

// asCollector makes a program run as the collector's user.
func (s *doctorScene) asCollector(command *exec.Cmd) *exec.Cmd {
	s.t.Helper()
	command.Env = append(os.Environ(), s.environment...)
	command.Dir = "/"
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(collectorUID()), Gid: uint32(collectorUID())}}
	}
	return command
}

// startCollector starts the collector with the configuration, to deliver to the file.
func (s *doctorScene) startCollector() *process {
	s.t.Helper()
	return s.startCollectorWith(s.writeConfiguration())
}

func (s *doctorScene) startCollectorWith(config string) *process {
	s.t.Helper()
	return startCollector(s.t, s.asCollector(exec.Command(s.program(collectorBinary), "--config", config,
		"--config", "yaml:service::pipelines::logs::exporters: [file]")))
}

// waitForRows waits until the collector has saved that all rows are delivered.
func (s *doctorScene) waitForRows() {
	s.t.Helper()
	eventually(s.t, func() error {
		text, err := os.ReadFile(s.settings["output"])
		if n := strings.Count(string(text), `"timeUnixNano"`); err == nil && n < doctorRows {
			err = fmt.Errorf("%d of %d events", n, doctorRows)
		}
		return err
	})
}

// withCheckpoint returns a scene whose checkpoint the collector has written.
func withCheckpoint(t testing.TB) *doctorScene {
	t.Helper()
	s := newDoctorScene(t, nil)
	collector := s.startCollector()
	s.waitForRows()
	collector.interrupt()
	s.registry.stop()
	require.FileExists(t, s.checkpoint())
	return s
}

// checkpoint is the file of the collector's checkpoint.
func (s *doctorScene) checkpoint() string {
	return filepath.Join(s.settings["state"], "receiver_oversight_")
}

// doctorResult is one line of --json.
type doctorResult struct{ Check, Component, Status, Seen, Remedy string }

// doctorReport is what the command printed.
type doctorReport struct {
	results []doctorResult
	status  int // of the exit
	text    string
}

// run checks the configuration, as the collector's user.
func (s *doctorScene) run(arguments ...string) doctorReport {
	s.t.Helper()
	return s.runDoctor(append([]string{"--config", s.writeConfiguration()}, arguments...)...)
}

func (s *doctorScene) runDoctor(arguments ...string) doctorReport {
	s.t.Helper()
	return s.runDoctorWith(nil, arguments...)
}

// runDoctorWith runs the command with an environment; as the collector's user where
// there is none.
func (s *doctorScene) runDoctorWith(environment []string, arguments ...string) (report doctorReport) {
	s.t.Helper()
	arguments = append([]string{"doctor", "--json", "--collector", s.program(collectorBinary)}, arguments...)
	command := exec.Command(s.program(siemBinary), arguments...)
	if environment == nil {
		command = s.asCollector(command)
	} else {
		command.Env = environment
	}
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	begin := time.Now()
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		require.NoError(s.t, err)
	}
	require.Less(s.t, time.Since(begin), waitTimeout)
	report.status, report.text = command.ProcessState.ExitCode(), stdout.String()+stderr.String()
	decoder := json.NewDecoder(strings.NewReader(stdout.String()))
	for {
		var result doctorResult
		err := decoder.Decode(&result)
		if errors.Is(err, io.EOF) {
			return report
		}
		require.NoError(s.t, err, report.text)
		if result.Status == "failed" {
			assert.NotEmpty(s.t, result.Remedy, result)
		}
		report.results = append(report.results, result)
	}
}

// statuses are those of each check, in the order of the lines.
func (r *doctorReport) statuses() map[string]string {
	all := map[string]string{}
	for _, result := range r.results {
		all[result.Check] = strings.TrimPrefix(all[result.Check]+", "+result.Status, ", ")
	}
	return all
}

// requireClean fails the test if something is failed or warned of.
func (r *doctorReport) requireClean(t testing.TB) {
	t.Helper()
	for _, result := range r.results {
		if !strings.Contains(result.Seen, "has several exporters") { // the scene's pipeline is for brevity
			assert.NotContains(t, []string{"failed", "warning"}, result.Status, "%+v", result)
		}
	}
	require.Zero(t, r.status, r.text)
}

// names reports whether a line names the fault with its remedy.
func (r *doctorReport) names(f *doctorFault) bool {
	return slices.ContainsFunc(r.results, func(result doctorResult) bool {
		return result.Check == f.check && result.Status == f.wantStatus() && strings.Contains(result.Seen, f.seen) && strings.Contains(result.Remedy, f.remedy)
	})
}

// changed are the checks whose statuses are not those of another report.
func (r *doctorReport) changed(other *doctorReport) (checks []string) {
	now, before := r.statuses(), other.statuses()
	all := maps.Clone(before)
	maps.Copy(all, now)
	for check := range all {
		if now[check] != before[check] {
			checks = append(checks, check)
		}
	}
	slices.Sort(checks)
	return checks
}

// copyPrograms copies the programs to where every user can run them: a checkout may
// stand where only its owner can search.
func (s *doctorScene) copyPrograms() {
	s.t.Helper()
	s.programs = sharedDir(s.t)
	for _, program := range []string{collectorBinary, siemBinary} {
		copyFile(s.t, program, s.program(program))
		require.NoError(s.t, os.Chmod(s.program(program), 0o755))
	}
}

// program is the path of the copy of a program.
func (s *doctorScene) program(path string) string {
	return filepath.Join(s.programs, filepath.Base(path))
}
