// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package contenttools

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// callTimeout is how long a program may take, on a busy machine.
const callTimeout = 15 * time.Minute

// Call runs a program that reads a job from its standard input and writes results to its
// standard output, both JSON. environment is added to that of the test.
func Call(t testing.TB, job, results any, environment []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	input, err := json.Marshal(job)
	require.NoError(t, err)
	command := exec.CommandContext(ctx, name, args...)
	// Python keeps what it compiles beside the programs, in the checkout.
	command.Env = append(append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1"), environment...)
	command.WaitDelay = waitDelay
	command.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	require.NoError(t, err, "%s %v: %s", name, args, &stderr)
	require.NoError(t, json.Unmarshal(output, results), "%s %v", name, args)
}
