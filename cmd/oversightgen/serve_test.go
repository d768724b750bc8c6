// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registrygen"
)

// running is a running command.
type running struct {
	url    string
	lines  *bufio.Scanner // what it says
	cancel context.CancelFunc
	ended  chan error
}

// serve starts the command and waits until it prints its URL.
func serve(t *testing.T, arguments ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	r := &running{lines: bufio.NewScanner(reader), cancel: cancel, ended: make(chan error, 1)}
	command := newCommand()
	command.SetArgs(append(arguments, "--serve", "127.0.0.1:0"))
	command.SetErr(writer)
	go func() {
		err := command.ExecuteContext(ctx)
		r.ended <- errors.Join(err, writer.Close())
	}()
	served := regexp.MustCompile(`^serving the tree head at (http://127\.0\.0\.1:\d+)/tlog/head$`)
	for r.lines.Scan() {
		if match := served.FindStringSubmatch(r.lines.Text()); match != nil {
			r.url = match[1]
			return r
		}
	}
	require.Fail(t, "it ended", "%v", <-r.ended)
	return nil
}

// interrupt ends the command and returns the rest of its output.
func (r *running) interrupt(t *testing.T) (lines []string) {
	t.Helper()
	r.cancel()
	for r.lines.Scan() {
		lines = append(lines, r.lines.Text())
	}
	require.NoError(t, <-r.ended)
	return lines
}

// get requests a path and returns the response, without keeping the connection.
func (r *running) get(t *testing.T, path string, answer any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, http.NoBody)
	require.NoError(t, err)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, json.NewDecoder(response.Body).Decode(answer))
}

type signedHead struct {
	Size      int
	Root      string
	Signature string
}

// head requests the head and the key, and verifies the signature.
func (r *running) head(t *testing.T) (head signedHead) {
	t.Helper()
	var about struct {
		Key string `json:"ed25519_pub"`
	}
	r.get(t, "/tlog/head", &head)
	r.get(t, "/.well-known/oversight-registry", &about)
	key, err := hex.DecodeString(about.Key)
	require.NoError(t, err)
	signature, err := hex.DecodeString(head.Signature)
	require.NoError(t, err)
	require.True(t, ed25519.Verify(key, fmt.Appendf(nil, `{"root":"%s","size":%d}`, head.Root, head.Size), signature))
	return head
}

func TestServe(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	command := serve(t, "--db", database, "--seed", "3", "--rate", "500/s")
	first := command.head(t)
	assert.GreaterOrEqual(t, first.Size, 25)
	require.Eventually(t, func() bool {
		var head signedHead
		command.get(t, "/tlog/head", &head)
		return head.Size > first.Size
	}, 20*time.Second, time.Millisecond)
	last := command.interrupt(t)
	require.Len(t, last, 1)
	assert.Contains(t, last[0], "wrote ")

	text, err := os.ReadFile(filepath.Join(filepath.Dir(database), registrygen.HeadFile))
	require.NoError(t, err)
	var head signedHead
	require.NoError(t, json.Unmarshal(text, &head))
	leaves, err := os.ReadFile(filepath.Join(filepath.Dir(database), "tlog", registrygen.LeavesFile))
	require.NoError(t, err)
	assert.Equal(t, bytes.Count(leaves, []byte("\n")), head.Size)
	_, err = new(net.Dialer).DialContext(t.Context(), "tcp", command.url[len("http://"):])
	require.Error(t, err, "nothing listens any more")
}

// The head is served after the damage.
func TestServeADamagedHead(t *testing.T) {
	database := filepath.Join(t.TempDir(), "registry.sqlite")
	_, err := run(t, "--db", database, "--seed", "3", "--count", "5")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(filepath.Dir(database), registrygen.HeadFile))
	require.NoError(t, err)
	var honest signedHead
	require.NoError(t, json.Unmarshal(text, &honest))

	command := serve(t, "--db", database, "--tamper", "head-split")
	head := command.head(t)
	assert.Equal(t, honest.Size, head.Size)
	assert.NotEqual(t, honest.Root, head.Root)
	assert.Empty(t, command.interrupt(t))
}

func TestServeOnATakenAddress(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	dir := t.TempDir()
	_, err = run(t, "--db", filepath.Join(dir, "new", "registry.sqlite"), "--serve", listener.Addr().String())
	require.ErrorContains(t, err, "--serve")
	assert.NoDirExists(t, filepath.Join(dir, "new"), "nothing is written before")
}
