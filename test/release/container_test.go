// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// registryEvents is the number of events of the registry in these tests.
const registryEvents = 60

// newRegistryVolume returns a directory like the volume of the reference registry:
// root owns its files, and only root can read the private key.
func newRegistryVolume(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	database := filepath.Join(directory, "oversight-registry.sqlite")
	run(t, nil, binaries(t, "oversightgen"), "--db", database, "--seed", "7", "--count", strconv.Itoa(registryEvents))
	require.NoError(t, os.Chmod(directory, 0o755))
	return directory
}

// listing describes the files of a directory.
func listing(t *testing.T, directory string) string {
	t.Helper()
	return string(run(t, nil, "find", directory, "-printf", `%P %y %m %u %s %T@\n`))
}

// composeBundle is the collector of the Compose file as runc runs it, over a registry
// and with a Splunk of the test.
func composeBundle(t *testing.T, registry string, splunk *hec) bundle {
	t.Helper()
	directory := composeDirectory(t)
	secrets := filepath.Join(directory, "collector", "secrets")
	require.NoError(t, os.Mkdir(secrets, 0o700))
	token := filepath.Join(secrets, "splunk_hec_token")
	require.NoError(t, os.WriteFile(token, []byte(hecToken+"\n"), 0o400))
	project := mergeCompose(t, directory)
	service := project.Services["oversight-collector"]
	name, _, _ := strings.Cut(service.User, ":")
	user, err := strconv.Atoi(name)
	require.NoError(t, err)
	require.NoError(t, os.Chown(token, user, user))

	image := theImage(t)
	manifest, config := image.image(t, runtime.GOARCH)
	b := bundle{
		rootfs: t.TempDir(), user: user, readOnly: service.ReadOnly,
		arguments:   append(config.Config.Entrypoint, config.Config.Cmd...),
		environment: service.Environment,
		healthCheck: service.HealthCheck.Test[1:],
		mounts:      []mount{{token, "/run/secrets/splunk_hec_token", true}},
	}
	image.unpack(t, manifest, b.rootfs)
	for _, volume := range service.Volumes {
		b.mounts = append(b.mounts, mount{volumeSource(t, volume.Source, registry, user), volume.Target, volume.ReadOnly})
	}
	b.environment["OVERSIGHT_ENDPOINT"] = "http://" + collectortest.FreeAddress(t)
	b.environment["HEALTH_ENDPOINT"] = collectortest.FreeAddress(t)
	b.environment["SPLUNK_HEC_ENDPOINT"] = splunk.url
	_, b.environment["METRICS_PORT"], err = net.SplitHostPort(collectortest.FreeAddress(t))
	require.NoError(t, err)
	return b
}

// volumeSource is the directory of the host for a volume of the Compose file. A new
// volume has the owner that the directory has in the image.
func volumeSource(t *testing.T, name, registry string, user int) string {
	t.Helper()
	switch name {
	case "oversight_data":
		return registry
	case "collector_state":
		directory := t.TempDir()
		require.NoError(t, os.Chown(directory, user, user))
		return directory
	default:
		return name // a file
	}
}

// The collector delivers a registry that another user owns, in the layout of the
// Compose file, and can change nothing there.
func TestContainerDelivers(t *testing.T) {
	registry, splunk := newRegistryVolume(t), newHEC(t)
	before := listing(t, registry)
	collector := startContainer(t, composeBundle(t, registry, splunk))
	splunk.waitFor(t, registryEvents)

	status := collector.mainProcess(t)
	assert.Contains(t, status, "\nUid:\t10001\t10001\t10001\t10001\n")
	assert.Contains(t, status, "\nCapEff:\t0000000000000000\n")
	assert.Contains(t, status, "\nNoNewPrivs:\t1\n")
	for _, arguments := range [][]string{nil, {"--alive"}} {
		output, exit := collector.exec(append([]string{"/usr/bin/oversight-siem", "health"}, arguments...)...)
		assert.Zero(t, exit, output)
	}
	output, exit := collector.exec("/usr/bin/oversight-siem", "prove", "--tlog", "/data/tlog", "--index", "3", "--output", "/proof.json")
	assert.NotZero(t, exit)
	assert.Contains(t, output, "read-only file system")
	output, exit = collector.exec("/usr/bin/oversight-siem", "prove", "--tlog", "/data/tlog", "--index", "3", "--head", "/data/registry-identity.json")
	assert.NotZero(t, exit)
	assert.Contains(t, output, "permission denied")

	collector.Terminate(shutdownLimit)
	require.NoError(t, collector.Err)
	assert.Equal(t, before, listing(t, registry))
}

// newRegistrySite serves what a registry publishes, and returns its address and id.
func newRegistrySite(t *testing.T, registry string) (address, id string) {
	t.Helper()
	mux := http.NewServeMux()
	for path, name := range map[string]string{"/tlog/head": "signed-head.json", "/.well-known/oversight-registry": "well-known.json"} {
		text, err := os.ReadFile(filepath.Join(registry, name))
		require.NoError(t, err)
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(text)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var published struct {
		Key string `json:"ed25519_pub"`
	}
	readJSON(t, filepath.Join(registry, "well-known.json"), &published)
	return server.URL, published.Key
}

// In the container of a collector that delivers, the doctor finds nothing wrong.
func TestContainerDoctor(t *testing.T) {
	registry, splunk := newRegistryVolume(t), newHEC(t)
	b := composeBundle(t, registry, splunk)
	b.environment["OVERSIGHT_ENDPOINT"], b.environment["OVERSIGHT_REGISTRY_ID"] = newRegistrySite(t, registry)
	collector := startContainer(t, b)
	splunk.waitFor(t, registryEvents)
	output, exit := collector.exec("/usr/bin/oversight-siem", "doctor", "--config", b.arguments[len(b.arguments)-1])
	assert.Zero(t, exit, output)
	assert.NotContains(t, output, "[failed]")
	for _, check := range []string{"user", "config.references", "registry.file oversight", "log.head oversight", "splunk.token splunk_hec"} {
		assert.Contains(t, output, "[ok] "+check+":")
	}
	collector.Terminate(shutdownLimit)
	require.NoError(t, collector.Err)
}

// A collector that the destination refuses is alive and not healthy.
func TestContainerHealth(t *testing.T) {
	splunk := newHEC(t)
	b := composeBundle(t, newRegistryVolume(t), splunk)
	b.environment["SPLUNK_HEC_ENDPOINT"] = strings.TrimSuffix(splunk.url, "/services/collector") + "/elsewhere"
	require.NoError(t, os.WriteFile(b.mounts[0].source, []byte("wrong"), 0o400))
	collector := startContainer(t, b)
	var output string
	collectortest.Eventually(t, waitTimeout, func() error {
		var exit int
		if output, exit = collector.exec("/usr/bin/oversight-siem", "health"); exit != 1 || !strings.Contains(output, "Invalid token") {
			return fmt.Errorf("exit status %d: %s", exit, output)
		}
		return nil
	})
	output, exit := collector.exec("/usr/bin/oversight-siem", "health", "--alive")
	assert.Zero(t, exit, output)
	collector.Terminate(shutdownLimit)
	require.NoError(t, collector.Err)
}
