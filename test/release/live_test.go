// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// stopPeriod is how long Docker waits for the collector of the Compose file to end.
func stopPeriod(t *testing.T) time.Duration {
	t.Helper()
	period, err := time.ParseDuration(mergeCompose(t, composeDirectory(t)).Services["oversight-collector"].StopPeriod)
	require.NoError(t, err)
	return period
}

// registryBundle is a registry that writes to a volume as a user, in a container of
// its own. The permissions of its files are those of the reference registry.
func registryBundle(t *testing.T, volume, style string, user int) bundle {
	t.Helper()
	require.NoError(t, os.Chown(volume, user, user))
	require.NoError(t, os.Chmod(volume, 0o755))
	b := bundle{
		rootfs: t.TempDir(), user: user, readOnly: true,
		arguments: []string{"/oversightgen", "--db", "/data/oversight-registry.sqlite", "--style", style, "--seed", "7", "--rate", "100/s"},
		mounts:    []mount{{volume, "/data", false}},
	}
	run(t, nil, "cp", binaries(t, "oversightgen"), b.rootfs)
	for _, directory := range []string{"data", "proc", "sys", "dev"} {
		require.NoError(t, os.Mkdir(filepath.Join(b.rootfs, directory), 0o755))
	}
	return b
}

var written = regexp.MustCompile(`wrote (\d+) events`)

// end stops a registry and returns how many events it wrote.
func end(t *testing.T, registry container) int {
	t.Helper()
	registry.Terminate(waitTimeout)
	require.NoError(t, registry.Err)
	match := written.FindStringSubmatch(registry.Output.String())
	require.NotNil(t, match, registry.Output.String())
	n, err := strconv.Atoi(match[1])
	require.NoError(t, err)
	return n
}

// A collector beside a registry that writes as another user delivers what is written
// meanwhile. It ends within the stop period although its destination is dead, and the
// next one delivers the rest, and nothing again.
func TestContainerBesideLiveRegistry(t *testing.T) {
	for _, test := range []struct {
		style string
		user  int
	}{
		{"python", 0}, // the reference registry's image
		{"rust", 999},
	} {
		t.Run(fmt.Sprintf("%s as %d", test.style, test.user), func(t *testing.T) {
			volume, splunk := t.TempDir(), newHEC(t)
			registry := startContainer(t, registryBundle(t, volume, test.style, test.user))
			b := composeBundle(t, volume, splunk)
			collector := startContainer(t, b)
			splunk.waitFor(t, 100)
			requirePermissions(t, volume, test.user)

			splunk.setHangs(true)
			collectortest.Eventually(t, waitTimeout, func() error {
				if splunk.waiting() == 0 {
					return fmt.Errorf("no request waits for an answer")
				}
				return nil
			})
			output, exit := collector.exec(b.healthCheck...)
			assert.Zero(t, exit, output)
			took := collector.Terminate(stopPeriod(t))
			t.Logf("ended %v after SIGTERM", took.Round(time.Millisecond))

			splunk.setHangs(false)
			want := end(t, registry)
			collector = startContainer(t, b)
			splunk.waitFor(t, want)
			collector.Terminate(shutdownLimit)
			require.NoError(t, collector.Err)
			events, repeats := splunk.counts()
			assert.Equal(t, want, events)
			assert.Zero(t, repeats)
		})
	}
}

// requirePermissions checks that the collector can read a registry only as others can,
// and its private key not at all.
func requirePermissions(t *testing.T, volume string, user int) {
	t.Helper()
	for name, mode := range map[string]os.FileMode{
		"oversight-registry.sqlite": 0o644,
		"tlog/leaves.jsonl":         0o644,
		"registry-identity.json":    0o600,
	} {
		info, err := os.Stat(filepath.Join(volume, name))
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), name)
		assert.Equal(t, user, owner(info), name)
		assert.NotEqual(t, uint32(10001), info.Sys().(*syscall.Stat_t).Gid, name)
	}
}
