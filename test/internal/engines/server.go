// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package engines

import (
	"context"
	"errors"
	"time"
)

// portTimeout is how long a start waits for its ports.
const portTimeout = 30 * time.Second

// Launch starts a server's process with settings, on the ports that the server has,
// and returns when it is ready, or [ErrPortInUse].
type Launch func(ctx context.Context, settings map[string]string) (*Process, error)

// Server is a server that can be ended and started again, with its data and at its
// address. [Server.Close] has to end it. Methods are for one goroutine at a time.
type Server struct {
	launch   Launch
	settings map[string]string
	changed  bool // the settings, since the last start
	process  *Process
}

// StartServer starts a server. It calls choosePorts before each attempt, as
// another program can take a port that was free.
func StartServer(ctx context.Context, choosePorts func(context.Context) error, launch Launch, settings map[string]string) (*Server, error) {
	s := &Server{launch: launch, settings: settings}
	err := retryPortInUse(ctx, func() error {
		if err := choosePorts(ctx); err != nil {
			return err
		}
		return s.start(ctx)
	})
	return s, err
}

func (s *Server) start(ctx context.Context) error {
	process, err := s.launch(ctx, s.settings)
	if err != nil {
		return err
	}
	s.process, s.changed = process, false
	return nil
}

// retryPortInUse calls start until it returns anything but [ErrPortInUse], or the
// time is over: the port of a server that was ended can stay in use for a moment.
func retryPortInUse(ctx context.Context, start func() error) error {
	ctx, cancel := context.WithTimeout(ctx, portTimeout)
	defer cancel()
	for {
		err := start()
		if !errors.Is(err, ErrPortInUse) {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// LogFile returns the path of the log since the last start.
func (s *Server) LogFile() string { return s.process.logFile }

// PID returns the process's id.
func (s *Server) PID() int { return s.process.PID() }

// Stop ends the server with SIGTERM, as an operator does, and waits for its end. It
// kills a server that does not end within a minute, and returns an error.
func (s *Server) Stop() error { return s.process.stop() }

// Kill ends the server with SIGKILL and waits for its end.
func (s *Server) Kill() { s.process.kill() }

// Close ends the server. It need not be running.
func (s *Server) Close() { s.Kill() }

// Pause stops the server with SIGSTOP: its connections stay open, and nothing
// answers on them.
func (s *Server) Pause() error { return s.process.pause() }

// Continue lets a paused server go on.
func (s *Server) Continue() error { return s.process.resume() }

// Configure replaces the settings that the server was started with, from the next
// start on.
func (s *Server) Configure(settings map[string]string) { s.settings, s.changed = settings, true }

// Restart starts the server again after it was ended. A server that still runs is
// ended with SIGTERM first.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	return retryPortInUse(ctx, func() error { return s.start(ctx) })
}

// Restore brings the server back to how it was started, whatever was done with it:
// it continues if it was paused, and starts again without settings of its own if it
// was ended or configured.
func (s *Server) Restore(ctx context.Context) error {
	if s.process.paused {
		if err := s.Continue(); err != nil {
			return err
		}
	}
	if !s.process.Ended() && !s.changed && len(s.settings) == 0 {
		return nil
	}
	s.Configure(nil)
	return s.Restart(ctx)
}
