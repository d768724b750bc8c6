// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build release && linux

package packages

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const (
	hecToken   = "00000000-1111-2222-3333-444444444444"
	hecAddress = "127.0.0.1:8088"
	secret     = "/etc/otelcol-oversight/secrets/splunk-hec-token"
	// newcomerConfiguration is the command that writes a configuration for that address.
	newcomerConfiguration = "oversight-siem config --for splunk --db " + database + " --registry-id registry-1" +
		" --endpoint http://" + hecAddress + "/services/collector" +
		" --secret-file " + secret + " --output " + configuration + " --force"
	// newcomerLimit is how long it may take from a package to the first event.
	newcomerLimit = time.Minute
)

// Four commands lead from a package to the first event at Splunk.
func TestNewcomer(t *testing.T) {
	m := newMachine(t)
	require.NoError(t, os.MkdirAll(m.path(filepath.Dir(database)), 0o755))
	generator, err := filepath.Abs(filepath.Join(checkout, "bin", "oversightgen"))
	require.NoError(t, err)
	run(t, generator, "--db", m.path(database), "--count", "5")
	run(t, "cp", released(t, ".deb"), m.path("/root/package.deb"))
	require.NoError(t, os.WriteFile(m.path("/root/token"), []byte(hecToken+"\n"), 0o600))
	arrived := m.serveHEC()

	began := time.Now()
	for _, command := range []string{
		"dpkg --install /root/package.deb",
		"install -m 0640 -g otelcol-oversight /root/token " + secret,
		newcomerConfiguration,
		"systemctl enable --now otelcol-oversight",
	} {
		m.run("sh", "-c", command)
	}
	select {
	case <-arrived:
	case <-time.After(newcomerLimit):
		require.Fail(t, "no event arrived", "%s", m.journal())
	}
	took := time.Since(began)
	assert.Less(t, took, newcomerLimit)
	t.Logf("the first event arrived %v after the first command", took)
	assert.NotContains(t, m.run("cat", "/etc/otelcol-oversight/config.yaml"), hecToken)
	assert.NotContains(t, m.journal(), hecToken)
}

// serveHEC runs a fake of Splunk's HTTP Event Collector in the machine's network, and
// returns what is closed when the first events arrive.
func (m *machine) serveHEC() <-chan struct{} {
	m.t.Helper()
	arrived := make(chan struct{})
	first := make(chan struct{}, 1)
	first <- struct{}{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Splunk "+hecToken || err != nil {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"text":"Invalid token","code":4}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
		if len(body) == 0 {
			return
		}
		select {
		case <-first:
			close(arrived)
		default:
		}
	}))
	require.NoError(m.t, server.Listener.Close())
	server.Listener = m.listen(hecAddress)
	server.Start()
	m.t.Cleanup(server.Close)
	return arrived
}

// listen listens at an address of the machine.
func (m *machine) listen(address string) net.Listener {
	m.t.Helper()
	type result struct {
		listener net.Listener
		err      error
	}
	results := make(chan result)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this goroutine
		network, err := os.Open(filepath.Join("/proc", m.leader, "ns", "net"))
		if err != nil {
			results <- result{err: err}
			return
		}
		defer network.Close()
		if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
			results <- result{err: err}
			return
		}
		var config net.ListenConfig
		listener, err := config.Listen(m.t.Context(), "tcp", address)
		results <- result{listener, err}
	}()
	r := <-results
	require.NoError(m.t, r.err)
	return r.listener
}
