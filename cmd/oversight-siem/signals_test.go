// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/oversight-protocol/oversight-otelcol/cmd/oversight-siem/internal/cli"
)

// manyEvents take long enough to write that a signal arrives meanwhile, and do not
// fit into a pipe.
const manyEvents = 100_000

// halfway runs the command until its first line has arrived, and calls then with
// the pipe that has the rest.
func halfway(t *testing.T, c *exec.Cmd, then func(*exec.Cmd, io.ReadCloser)) result {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = writer, &stderr
	require.NoError(t, c.Start())
	require.NoError(t, writer.Close())
	first := make([]byte, 100)
	_, err = io.ReadFull(reader, first)
	require.NoError(t, err)
	then(c, reader)
	rest, err := io.ReadAll(reader)
	if !errors.Is(err, os.ErrClosed) {
		require.NoError(t, err)
	}
	if err := c.Wait(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return result{string(first) + string(rest), stderr.String(), c.ProcessState.ExitCode()}
}

// As in `oversight-siem … | head -1`.
func TestClosedPipe(t *testing.T) {
	path := generate(t, manyEvents)
	c := command(t.Context(), "export", "--db", path, "--registry-id", "x", "--format", "ecs")
	r := halfway(t, c, func(_ *exec.Cmd, output io.ReadCloser) { require.NoError(t, output.Close()) })
	assert.Empty(t, r.stderr)
	assert.Equal(t, cli.StatusOutputClosed, r.code)
}

// The same in a shell.
func TestClosedPipeInAShell(t *testing.T) {
	path := generate(t, manyEvents)
	c := exec.CommandContext(t.Context(), "sh", "-c", `"$0" export --db "$1" --registry-id x --format ecs | head -1`, siem, path)
	r := runCommand(t, c)
	assert.Zero(t, r.code)
	assert.Empty(t, r.stderr)
	assert.Len(t, lines(t, r.stdout), 1)
}

func TestClosedPipeOfPreview(t *testing.T) {
	path := generate(t, 1000)
	c := command(t.Context(), "preview", "--db", path, "--registry-id", "x", "--limit", "1000")
	r := halfway(t, c, func(_ *exec.Cmd, output io.ReadCloser) { require.NoError(t, output.Close()) })
	assert.Empty(t, r.stderr)
	assert.Equal(t, cli.StatusOutputClosed, r.code)
}

var resumeMessage = regexp.MustCompile(`\n([0-9]+) event\(s\) were exported; resume with --after-id ([0-9]+)\n$`)

// After Ctrl-C, the output is as many complete lines as the message says. An export
// that resumes as it says writes the rest.
func TestInterrupt(t *testing.T) {
	path := generate(t, manyEvents)
	arguments := []string{"export", "--db", path, "--registry-id", "x", "--format", "sentinel"}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			r := halfway(t, command(t.Context(), arguments...), func(c *exec.Cmd, _ io.ReadCloser) {
				require.NoError(t, c.Process.Signal(signal))
			})
			assert.Equal(t, cli.StatusInterrupted, r.code)
			assert.True(t, strings.HasPrefix(r.stderr, "oversight-siem: interrupted\n"), r.stderr)
			match := resumeMessage.FindStringSubmatch(r.stderr)
			require.NotNil(t, match, r.stderr)
			exported := lines(t, r.stdout)
			assert.Equal(t, match[1], strconv.Itoa(len(exported)))
			assert.Equal(t, match[2], object(t, exported[len(exported)-1])["EventId"])
			assert.Less(t, len(exported), manyEvents)

			rest := run(t, append(arguments, "--after-id", match[2])...)
			assertOK(t, rest, manyEvents-len(exported), "sentinel")
			assert.Equal(t, strconv.Itoa(len(exported)+1), object(t, lines(t, rest.stdout)[0])["EventId"])
		})
	}
}

// On a full disk, the file has only complete lines, and the error names the file
// and how to resume.
func TestFullDisk(t *testing.T) {
	path := generate(t, 5000)
	output := filepath.Join(t.TempDir(), "events")
	arguments := []string{"export", "--db", path, "--registry-id", "x", "--format", "sentinel", "--output", output}
	c := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `trap '' XFSZ; ulimit -f 1000; exec "$0" "$@"`, siem}, arguments...)...)
	r := runCommand(t, c)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "write to "+output+":")
	match := resumeMessage.FindStringSubmatch(r.stderr)
	require.NotNil(t, match, r.stderr)
	text, err := os.ReadFile(output)
	require.NoError(t, err)
	assert.Equal(t, match[1], strconv.Itoa(len(lines(t, string(text)))))
	assert.NotEqual(t, "0", match[1])

	rest := run(t, append(arguments, "--after-id", match[2])...)
	assert.Zero(t, rest.code, rest.stderr)
	text, err = os.ReadFile(output)
	require.NoError(t, err)
	assert.Len(t, lines(t, string(text)), 5000)
}

// The output may be a named pipe.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := command(ctx, exporting("edge", "sentinel", "--output", path)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	require.NoError(t, c.Start())
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	n := 0
	for scanner := bufio.NewScanner(f); scanner.Scan(); n++ {
		object(t, scanner.Text())
	}
	assert.Equal(t, 15, n)
	require.NoError(t, c.Wait())
	assertOK(t, result{stderr: stderr.String()}, 15, "sentinel")
}

// Ctrl-C before the response.
func TestInterruptOverHTTP(t *testing.T) {
	arrived := make(chan struct{})
	s := newServer(t, hec, nil, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	c := command(t.Context(), toHEC(t, s, "--batch-size", "100")...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	require.NoError(t, c.Start())
	<-arrived
	require.NoError(t, c.Process.Signal(syscall.SIGINT))
	require.ErrorAs(t, c.Wait(), new(*exec.ExitError))
	assert.Equal(t, cli.StatusInterrupted, c.ProcessState.ExitCode())
	assert.Equal(t, "oversight-siem: interrupted\n100 event(s) were exported; resume with --after-id 100\n", stderr.String())
}

// Ctrl-C before a retry.
func TestInterruptBeforeARetry(t *testing.T) {
	s := newServer(t, hec, status(http.StatusTooManyRequests, "", "Retry-After", "500"))
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	c := command(t.Context(), toHEC(t, s)...)
	c.Stderr = writer
	require.NoError(t, c.Start())
	require.NoError(t, writer.Close())
	stderr := bufio.NewScanner(reader)
	require.True(t, stderr.Scan())
	assert.Contains(t, stderr.Text(), "retrying in 8m20s")
	require.NoError(t, c.Process.Signal(syscall.SIGINT))
	require.True(t, stderr.Scan())
	assert.Equal(t, "oversight-siem: interrupted", stderr.Text())
	require.ErrorAs(t, c.Wait(), new(*exec.ExitError))
	assert.Equal(t, cli.StatusInterrupted, c.ProcessState.ExitCode())
}
