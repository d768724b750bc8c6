// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/internal/registry"
)

// databaseOfChild is the environment variable with the path of the database that a
// child process reads.
const databaseOfChild = "OVERSIGHT_TEST_DATABASE"

// TestReadInChild reads a database twice in a process of its own, whose peak memory
// [TestMemoryOfHugeValues] measures.
func TestReadInChild(t *testing.T) {
	path := os.Getenv(databaseOfChild)
	if path == "" {
		return // the test is its parent
	}
	r := open(t, path)
	for range 2 {
		rows := 0
		for cursor, more := (registry.Cursor{}), true; more; {
			batch := read(t, r, cursor, 1000)
			rows += len(batch.Events)
			cursor, more = batch.Next, batch.More
		}
		fmt.Printf("rows: %d\n", rows)
	}
	status, err := os.ReadFile("/proc/self/status") // the peak that getrusage(2) has is also that of the parent
	require.NoError(t, err)
	fmt.Printf("%s\n", status)
}

func readInChild(t *testing.T, path string) (output string, peak int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestReadInChild$", "-test.v") //nolint:gosec // this test
	child.Env = append(os.Environ(), databaseOfChild+"="+path)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
	require.NotNil(t, match, "%s", out)
	kilobytes, err := strconv.Atoi(string(match[1]))
	require.NoError(t, err)
	return string(out), kilobytes << 10
}

// Values of any size are read in the memory of ordinary ones.
func TestMemoryOfHugeValues(t *testing.T) {
	huge := func(size int) string {
		return fmt.Sprintf("INSERT INTO events(token_id, kind, timestamp, user_agent) VALUES ('h', 'http_img', 1735000000, printf('%%.*c', %d, 'x'))", size)
	}
	ordinary := newDatabase(t, insert("t", 3000))
	path := newDatabase(t, insert("t", 1000), huge(200_000_000), insert("u", 1000), huge(6_000_000), huge(2_000_000), insert("v", 1000))
	_, before := readInChild(t, ordinary)
	output, peak := readInChild(t, path)
	assert.Equal(t, [][]string{{"rows: 3003", "3003"}, {"rows: 3003", "3003"}}, regexp.MustCompile(`rows: (\d+)`).FindAllStringSubmatch(output, -1))
	t.Logf("peak memory: %d MB with huge values, %d MB without", peak>>20, before>>20)
	assert.Less(t, peak-before, 64<<20, "a third of the longest value")
}
