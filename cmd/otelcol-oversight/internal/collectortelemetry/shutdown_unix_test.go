// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package collectortelemetry

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.uber.org/zap"
)

// collectorVariable makes this test's program a collector that starts, or that runs.
const collectorVariable = "TEST_COLLECTOR"

// A signal ends a collector at once that has not started: nobody else waits for it. One
// that runs gets it.
func TestSignalBeforeTheCollectorRuns(t *testing.T) {
	switch os.Getenv(collectorVariable) {
	case "":
	default:
		pretendCollector(t, os.Getenv(collectorVariable))
		return
	}
	for state, want := range map[string]string{"starts": "signal: terminated", "runs": "exit status 3"} {
		t.Run(state, func(t *testing.T) {
			program, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestSignalBeforeTheCollectorRuns$")
			cmd.Env = append(os.Environ(), collectorVariable+"="+state)
			output, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			line, err := bufio.NewReader(output).ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "ready\n", line)
			begin := time.Now()
			require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
			require.EqualError(t, cmd.Wait(), want)
			assert.Less(t, time.Since(begin), defaultShutdownLimit/2)
		})
	}
}

func pretendCollector(t *testing.T, state string) {
	create := limitShutdown(func(context.Context, telemetry.LoggerSettings, component.Config) (*zap.Logger, component.ShutdownFunc, error) {
		return zap.NewNop(), nil, nil
	})
	_, _, err := create(t.Context(), telemetry.LoggerSettings{}, nil)
	require.NoError(t, err)
	signals := make(chan os.Signal, 3)
	if state == "runs" {
		signal.Notify(signals, syscall.SIGTERM)
	}
	fmt.Println("ready")
	<-signals
	os.Exit(3)
}
