// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"
)

const (
	// startTimeout is how long a server may take to start on a busy machine.
	startTimeout = 2 * time.Minute
	// stopTimeout is how long a server may take to end after it was asked to.
	stopTimeout = time.Minute
)

// ErrPortInUse is the error of a server that could not listen.
var ErrPortInUse = errors.New("a port is in use")

// Process is a running server. It does not outlive this process on Linux and
// FreeBSD, however this process ends.
type Process struct {
	cmd     *exec.Cmd
	logFile string
	ended   chan struct{} // closed when it has ended
	paused  bool
}

// StartJava starts a Java program and returns once it has printed a line that
// contains ready. Its output goes to a new file in a directory, see
// [Server.LogFile]. The error is [ErrPortInUse] if it printed that.
func StartJava(ctx context.Context, dir, ready string, args ...string) (*Process, error) {
	log, err := os.CreateTemp(dir, "log-*.txt")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("java", args...) //nolint:gosec,noctx // a server of the tests, which outlives the context of its start
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	endWithParent(cmd)
	p := &Process{cmd: cmd, logFile: log.Name(), ended: make(chan struct{})}
	if err := p.start(); err != nil {
		return nil, err
	}
	if err := p.waitReady(ctx, ready); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// start starts the process and waits for its end, on one thread: the signal that
// ends it with its parent is sent when the thread that started it ends.
func (p *Process) start() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // the exit status of a killed server says nothing
			close(p.ended)
		}
	}()
	return <-started
}

func (p *Process) waitReady(ctx context.Context, ready string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ended := p.Ended() // before the log is read: all that it printed is in there then
		log, err := os.ReadFile(p.logFile)
		if err != nil {
			return err
		}
		switch {
		case bytes.Contains(log, []byte(ready)):
			return nil
		case ended && bytes.Contains(log, []byte("Address already in use")):
			return ErrPortInUse
		case ended:
			return fmt.Errorf("the server ended; the end of its log, %s:\n%s", p.logFile, tail(log))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w; the end of its log, %s:\n%s", ctx.Err(), p.logFile, tail(log))
		}
	}
}

// tail returns the end of a log that fits into an error.
func tail(log []byte) []byte { return log[max(0, len(log)-4096):] }

// PID returns the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *Process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

func (p *Process) stop() error {
	if p.Ended() {
		return nil
	}
	if p.paused {
		if err := p.resume(); err != nil {
			return err
		}
	}
	if err := p.cmd.Process.Signal(sigTerminate); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.kill()
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
		p.kill()
		return fmt.Errorf("the server was still running %v after SIGTERM", stopTimeout)
	}
}

func (p *Process) pause() error {
	p.paused = true
	return p.cmd.Process.Signal(sigPause)
}

func (p *Process) resume() error {
	p.paused = false
	return p.cmd.Process.Signal(sigContinue)
}
