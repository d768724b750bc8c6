// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// waiting runs a verification until it waits for the row of the last leaf, calls
// then, and returns the result.
func waiting(t *testing.T, c *exec.Cmd, then func()) result {
	t.Helper()
	var stdout bytes.Buffer
	c.Stdout = &stdout
	stderr, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	reader := bufio.NewReader(stderr)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "waiting up to")
	then()
	rest, err := io.ReadAll(reader)
	require.NoError(t, err)
	if err := c.Wait(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return result{stdout.String(), string(rest), c.ProcessState.ExitCode()}
}

// The registry writes the leaf before the row.
func TestVerifyWaitsForTheRow(t *testing.T) {
	f := sample(t)
	f.sql(t, "CREATE TABLE later AS SELECT * FROM events WHERE id = 600")
	f.sql(t, "DELETE FROM events WHERE id = 600")
	f.age(t, 0)
	r := waiting(t, command(t.Context(), f.arguments()...), func() { f.sql(t, "INSERT INTO events SELECT * FROM later") })
	assert.Zero(t, r.code, r.stderr)
	assert.Equal(t, "[ok] verified 600 row(s) against a log of 625 leaves\n", r.stderr)
}

// A leaf that is appended while the command waits needs no row yet.
func TestVerifyExpectsNoRowsOfNewerLeaves(t *testing.T) {
	f := sample(t)
	f.sql(t, "CREATE TABLE later AS SELECT * FROM events WHERE id = 590") // whose leaf is 614
	f.sql(t, "DELETE FROM events WHERE id >= 590")
	all := f.lines(t)
	f.write(t, all[:615])
	f.age(t, 0)
	c := command(t.Context(), "verify", "--db", f.database, "--tlog", f.leaves)
	r := waiting(t, c, func() {
		f.write(t, all) // a registry appends, but the file's beginning is the same
		f.sql(t, "INSERT INTO events SELECT * FROM later")
	})
	assert.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "  without a row            0\n")
}

func TestVerifyInterrupted(t *testing.T) {
	f := sample(t)
	f.sql(t, "DELETE FROM events WHERE id = 600")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		f.age(t, 0)
		c := command(t.Context(), f.arguments()...)
		r := waiting(t, c, func() { require.NoError(t, c.Process.Signal(signal)) })
		assert.Equal(t, cli.StatusInterrupted, r.code)
		assert.Equal(t, "oversight-siem: interrupted\n", r.stderr)
		assert.Empty(t, r.stdout)
	}
}

// Ctrl-C before the registry returns its tree head.
func TestInterruptedBeforeTheTreeHead(t *testing.T) {
	f := sample(t)
	arrived := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	f.head = server.URL
	for _, arguments := range [][]string{f.arguments(), f.proving(1, "--head", f.head)} {
		c := command(t.Context(), arguments...)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		require.NoError(t, c.Start())
		<-arrived
		require.NoError(t, c.Process.Signal(syscall.SIGINT))
		require.ErrorAs(t, c.Wait(), new(*exec.ExitError))
		assert.Equal(t, cli.StatusInterrupted, c.ProcessState.ExitCode())
		assert.Equal(t, "oversight-siem: interrupted\n", stderr.String())
	}
}

// Findings are written as they are made. The reader may close the pipe.
func TestVerifyInterruptedHalfway(t *testing.T) {
	f := files{database: generate(t, manyEvents), leaves: writeFile(t, "")}
	arguments := []string{"verify", "--db", f.database, "--tlog", f.leaves, "--json"}
	r := halfway(t, command(t.Context(), arguments...), func(c *exec.Cmd, _ io.ReadCloser) {
		require.NoError(t, c.Process.Signal(syscall.SIGINT))
	})
	assert.Equal(t, cli.StatusInterrupted, r.code)
	assert.Equal(t, "oversight-siem: interrupted\n", r.stderr)
	assert.NotContains(t, r.stdout, "summary")
	lines(t, r.stdout) // complete ones

	r = halfway(t, command(t.Context(), arguments...), func(_ *exec.Cmd, output io.ReadCloser) { require.NoError(t, output.Close()) })
	assert.Empty(t, r.stderr)
	assert.Equal(t, cli.StatusOutputClosed, r.code)
}

// A registry that is writing causes no false findings.
func TestVerifyLiveRegistry(t *testing.T) {
	for _, style := range []string{"python", "rust"} {
		t.Run(style, func(t *testing.T) {
			f := generateRegistry(t, 500)
			c := exec.CommandContext(t.Context(), oversightgen, "--db", f.database, "--seed", "7", "--style", style, "--rate", "300/s")
			require.NoError(t, c.Start())
			before := int64(0)
			for n := 0; n < 10 || before <= 500; n++ {
				v := verifyJSON(t, f.arguments())
				require.Zero(t, v.code, "%s %v", v.stderr, v.strings())
				require.Equal(t, "valid", v.summary.Head.Signature)
				require.GreaterOrEqual(t, v.summary.Rows, before)
				before = v.summary.Rows
			}
			require.NoError(t, c.Process.Signal(syscall.SIGINT))
			require.NoError(t, c.Wait())
		})
	}
}
