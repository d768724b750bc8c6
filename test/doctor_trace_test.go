// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// contents is every file below a directory with its mode, size, time of change and hash.
func contents(t testing.TB, directory string) (lines []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(directory, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var text []byte
		if info.Mode().IsRegular() {
			if text, err = os.ReadFile(path); err != nil { //nolint:gosec // the directory is the test's own
				return err
			}
		}
		lines = append(lines, fmt.Sprint(path, info.Mode(), info.Size(), info.ModTime().UnixNano(), fmt.Sprintf(" %x", sha256.Sum256(text))))
		return nil
	}))
	return lines
}

// The command changes nothing in the registry's directory, whatever is in it, and leaves
// nothing in the collector's.
func TestDoctorLeavesNoTrace(t *testing.T) {
	right := withCheckpoint(t)
	for name, change := range map[string]func(s *doctorScene){
		"open in the registry": func(s *doctorScene) { s.registry.write(3) },
		"a WAL without its index": func(s *doctorScene) {
			putBack := s.registry.keepDatabase()
			s.registry.write(3)
			putBack()
			s.registry.stop()
			_ = os.Remove(s.registry.database + "-shm") // it may not be there
		},
		"a WAL of a registry that was killed": func(s *doctorScene) {
			s.registry.write(3)
			wal, err := os.ReadFile(s.registry.database + "-wal")
			require.NoError(s.t, err)
			require.NotEmpty(s.t, wal)
			database, err := os.ReadFile(s.registry.database)
			require.NoError(s.t, err)
			s.registry.stop()
			require.NoError(s.t, os.WriteFile(s.registry.database, database, 0o644))
			require.NoError(s.t, os.WriteFile(s.registry.database+"-wal", wal, 0o644))
			require.NoFileExists(s.t, s.registry.database+"-shm")
		},
		"a read-only directory": func(s *doctorScene) {
			s.registry.stop()
			require.NoError(s.t, os.Chmod(filepath.Dir(s.registry.database), 0o555))
			s.t.Cleanup(func() { assert.NoError(s.t, os.Chmod(filepath.Dir(s.registry.database), 0o755)) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newDoctorScene(t, right)
			change(s)
			s.ownRegistry()
			registry, state := contents(t, filepath.Dir(s.registry.database)), contents(t, s.settings["state"])[1:]
			report := s.run()
			report.requireClean(t)
			assert.Equal(t, registry, contents(t, filepath.Dir(s.registry.database)))
			assert.Equal(t, state, contents(t, s.settings["state"])[1:]) // the directory's own time may change
		})
	}
}

// ownRegistry lets everybody read the registry's files.
func (s *doctorScene) ownRegistry() {
	s.t.Helper()
	for _, name := range listing(s.t, filepath.Dir(s.registry.database)) {
		path := filepath.Join(filepath.Dir(s.registry.database), name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			require.NoError(s.t, os.Chmod(path, 0o644))
		}
	}
}

// A signal ends the command soon, with nothing left behind.
func TestDoctorEndsWithASignal(t *testing.T) {
	right := withCheckpoint(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			s := newDoctorScene(t, right)
			asked := make(chan struct{}, 100)
			s.hec.setFault(func(_ int, _ http.ResponseWriter, r *http.Request) bool {
				asked <- struct{}{}
				<-r.Context().Done()
				return true
			})
			state := contents(t, s.settings["state"])[1:]
			command := s.asCollector(exec.Command(s.program(siemBinary), "doctor", "--timeout", "1h", "--config", s.writeConfiguration()))
			process := start(t, command)
			<-asked
			begin := time.Now()
			require.NoError(t, process.Cmd.Process.Signal(signal))
			<-process.Ended
			assert.Less(t, time.Since(begin), 10*time.Second)
			assert.False(t, process.Cmd.ProcessState.Success())
			assert.Equal(t, state, contents(t, s.settings["state"])[1:])
		})
	}
}

// Nothing holds the command up for longer than a check may take: no server, and no pipe in
// place of a file. Each is named.
func TestDoctorIsNotHeldUp(t *testing.T) {
	s := newDoctorScene(t, withCheckpoint(t))
	for _, destination := range []*destination{s.hec.destination, s.bulk.destination, s.azure.destination, s.heads.destination} {
		destination.setFault(func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			_, _ = io.Copy(io.Discard, r.Body) // otherwise the end of the connection is not seen
			<-r.Context().Done()
			return true
		})
	}
	fifo := filepath.Join(s.dir, "fifo")
	require.NoError(t, os.Remove(s.checkpoint()))
	require.NoError(t, os.Remove(s.settings["output"]))
	for _, path := range []string{fifo, s.checkpoint(), s.settings["output"], s.registry.database + "-journal"} {
		require.NoError(t, syscall.Mkfifo(path, 0o666))
		require.NoError(t, os.Chmod(path, 0o666))
	}
	begin := time.Now()
	report := s.run("--timeout", "2s",
		"--config", "yaml:exporters::azure_logs_ingestion::stream_name: ${file:"+fifo+"}",
		"--config", "yaml:exporters::elasticsearch::tls::ca_file: "+fifo,
		"--config", "yaml:receivers::oversight::transparency_log::leaves: "+fifo)
	assert.Less(t, time.Since(begin), 20*time.Second) // one after another, the checks take more
	for _, f := range []doctorFault{
		{check: "config.references", seen: "fifo: not a regular file", remedy: "create the file"},
		{check: "log.file", seen: "a named pipe", remedy: "leaves"},
		{check: "log.head", seen: "does not answer", remedy: "firewalls"},
		{check: "registry.key", seen: "does not answer", remedy: "firewalls"},
		{check: "storage", seen: "a named pipe", remedy: "move it away"},
		{check: "file.directory", seen: "a named pipe", remedy: "path of a file"},
		{check: "elasticsearch.key", seen: "not a regular file", remedy: "exporters::elasticsearch"},
		{check: "splunk.health", seen: "does not answer", remedy: "firewalls"},
		{check: "splunk.token", seen: "does not answer", remedy: "firewalls"},
		{check: "azure.endpoint", seen: "does not answer", remedy: "firewalls"},
	} {
		assert.True(t, report.names(&f), "%+v\n%s", f, report.text)
	}
	report = s.run("--env-file", fifo)
	assert.Equal(t, 2, report.status)
	assert.Contains(t, report.text, "--env-file "+fifo)
}

// A configuration that is a pipe, or that nobody can read here, is an error and no wait.
func TestDoctorRefusesConfigurations(t *testing.T) {
	s := newDoctorScene(t, nil)
	fifo := filepath.Join(s.dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o666))
	for source, want := range map[string]string{
		fifo:                                "a named pipe (FIFO); pass the path of a regular file",
		s.dir:                               "a directory",
		"/none/config.yaml":                 "no such file",
		"https://config.example.org/c.yaml": "download it, and pass the file",
		"s3:bucket":                         `unsupported scheme on URI`,
		"yaml:a: [":                         "--config",
	} {
		report := s.runDoctor("--config", source)
		assert.Equal(t, 2, report.status, source)
		assert.Contains(t, report.text, want, source)
	}
}

// Several configurations are merged as the collector merges them, in all forms that it
// accepts, and references are resolved as it resolves them.
func TestDoctorReadsConfigurationsAsTheCollector(t *testing.T) {
	s := newDoctorScene(t, withCheckpoint(t))
	token := filepath.Join(s.dir, "token")
	require.NoError(t, os.WriteFile(token, []byte(hecToken+"\r\n\n"), 0o644))
	s.settings["token"] = "wrong"
	s.settings["hec_tls"] = `server_name_override: "$${NOT_A_REFERENCE}"`
	path := s.writeConfiguration()
	s.environment = []string{
		"DOCTOR_REGISTRY=" + s.settings["registry_id"], "DOCTOR_NAME=REGISTRY", "DOCTOR_KEY=" + apiKey,
		"DOCTOR_MORE=exporters: {elasticsearch: {api_key: \"${DOCTOR_KEY}\"}}",
	}
	sources := []string{
		"--config", "file:" + path,
		"--config", "yaml:exporters::splunk_hec::token: ${file:" + token + "}",
		"--config", "yaml:receivers::oversight::registry_id: ${env:DOCTOR_${env:DOCTOR_NAME}}",
		"--config", "yaml:receivers::oversight::database: ${env:DOCTOR_NONE:-" + filepath.Dir(s.registry.database) + "}/registry.sqlite",
		"--config", "env:DOCTOR_MORE",
	}
	report := s.runDoctor(sources...)
	report.requireClean(t)
	requireNoSecrets(t, report.text)

	report = s.runDoctor(append(sources, "--config", "yaml:receivers::oversight::registry_id: ${DOCTOR_NONE}")...)
	assert.True(t, report.names(&doctorFault{check: "config.references", seen: "DOCTOR_NONE, which is not set or empty", remedy: "--env-file"}), report.text)
}

// The command says when the collector is another version.
func TestDoctorComparesVersions(t *testing.T) {
	s := newDoctorScene(t, nil)
	collector := filepath.Join(s.dir, "otelcol-oversight")
	for text, want := range map[string]doctorFault{
		"otelcol-oversight version 0.0.9": {check: "versions", status: "warning", seen: "version 0.0.9, and oversight-siem 0.1.0", remedy: "the same release"},
		"otelcol-contrib version 0.152.0": {check: "versions", status: "not checked", seen: "otelcol-contrib version 0.152.0"},
	} {
		require.NoError(t, os.WriteFile(collector, []byte("#!/bin/sh\necho "+text+"\n"), 0o755))
		report := s.run("--collector", collector)
		assert.True(t, report.names(&want), report.text)
		assert.Zero(t, report.status)
	}
}

// No secret is in the output, whoever repeats it: in the text of a server, of the
// collector, and in another form than it was written in.
func TestDoctorShowsNoSecret(t *testing.T) {
	const header, number = "header-secret-value", "0123456789"
	s := newDoctorScene(t, withCheckpoint(t))
	s.environment = []string{"DOCTOR_NUMBER=" + number}
	for _, destination := range []*destination{s.hec.destination, s.bulk.destination, s.azure.destination, s.heads.destination} {
		destination.setFault(func(_ int, w http.ResponseWriter, r *http.Request) bool {
			text, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"text":%q,"code":99,"error":{"code":%q,"message":%[1]q}}`, fmt.Sprint(r.Header, r.URL, string(text)), r.Header.Get("Authorization"))
			return true
		})
	}
	arguments := []string{
		"--config", s.writeConfiguration(),
		"--config", "yaml:exporters::splunk_hec::headers::X-Gateway: " + header,
		"--config", "yaml:exporters::elasticsearch::headers::X-Number: ${env:DOCTOR_NUMBER}",
		"--config", "yaml:exporters::splunk_hec::proxy_url: http://user:proxy-password@" + freeAddress(t),
	}
	for _, more := range [][]string{nil, {"--send-test"}} {
		report := s.runDoctor(append(arguments, more...)...)
		requireNoSecrets(t, report.text)
		for _, secret := range []string{header, number, "proxy-password", azureToken} {
			assert.NotContains(t, report.text, secret)
		}
		assert.Equal(t, 1, report.status)
	}
	report := s.runDoctor(arguments[:6]...)
	assert.Contains(t, report.text, "X-Gateway:[***]", "the server's text is shown")
}
