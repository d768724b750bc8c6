// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package collectortest

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Process is a running program, such as a collector.
type Process struct {
	T      testing.TB
	Cmd    *exec.Cmd
	Output *LogBuffer    // what it has printed
	Ended  chan struct{} // closed when it has ended, and Err is set
	Err    error         // of [exec.Cmd.Wait]
}

// Start starts a program. The cleanup kills it if the test left it running, and shows its
// output if the test failed.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{T: t, Cmd: cmd, Output: &LogBuffer{}, Ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	require.NoError(t, cmd.Start())
	go func() {
		p.Err = cmd.Wait()
		close(p.Ended)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), p.Output)
		}
	})
	return p
}

// Kill ends the process with SIGKILL.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may have ended already
	<-p.Ended
}

// Terminate sends SIGTERM and returns how long the process took to end. The test fails if
// that is longer than the limit.
func (p *Process) Terminate(limit time.Duration) time.Duration {
	p.T.Helper()
	begin := time.Now()
	require.NoError(p.T, p.Cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.Ended:
		return time.Since(begin)
	case <-time.After(limit):
		require.Fail(p.T, "still running", "%v after SIGTERM", limit)
		return limit
	}
}

// Eventually waits until a condition returns no error. After the limit, the test fails
// with the last one.
func Eventually(t testing.TB, limit time.Duration, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(t, err)
		}
		<-tick.C
	}
}
