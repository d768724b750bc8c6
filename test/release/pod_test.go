// Copyright The Oversight Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux && release

package release

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/oversight-protocol/oversight-otelcol/test/internal/collectortest"
)

// podBundle is the collector of a rendered chart as runc runs it, with an address of
// its own. The owners of volumes are what Kubernetes makes of fsGroup or, in the
// sidecar layout, what the init container does.
func podBundle(t *testing.T, rendered map[string]object, podIP, registry string, splunk *hec) bundle {
	t.Helper()
	pod := at(t, rendered["StatefulSet"], "spec", "template", "spec").(object)
	collector := named(t, pod["containers"], "opentelemetry-collector")
	user := at(t, pod, "securityContext", "runAsUser").(int)
	b := bundle{
		rootfs: t.TempDir(), user: user,
		readOnly:    at(t, collector, "securityContext", "readOnlyRootFilesystem").(bool),
		environment: podEnvironment(t, collector, podIP),
	}
	for _, argument := range append(collector["command"].([]any), collector["args"].([]any)...) {
		b.arguments = append(b.arguments, argument.(string))
	}
	b.environment["SPLUNK_HEC_ENDPOINT"] = splunk.url
	b.environment["OVERSIGHT_REGISTRY_ID"] = registryID

	image := theImage(t)
	manifest, _ := image.image(t, runtime.GOARCH)
	image.unpack(t, manifest, b.rootfs)
	group, _ := pod["securityContext"].(object)["fsGroup"].(int) // root without it
	config := at(t, rendered["ConfigMap"], "data", "relay").(string)
	sources := map[string]string{
		"registry":                          registry,
		"state":                             stateVolume(t, pod, group),
		"opentelemetry-collector-configmap": writeVolume(t, 0, 0o755, map[string]string{"relay.yaml": config}),
		"secrets":                           writeVolume(t, group, 0o755, map[string]string{"splunk_hec_token": hecToken}),
	}
	secret := named(t, pod["volumes"], "secrets")
	mode := at(t, secret, "secret", "defaultMode").(int)
	require.NoError(t, os.Chmod(filepath.Join(sources["secrets"], "splunk_hec_token"), os.FileMode(mode)))
	for _, m := range collector["volumeMounts"].([]any) {
		name := m.(object)["name"].(string)
		require.Contains(t, sources, name)
		b.mounts = append(b.mounts, mount{sources[name], m.(object)["mountPath"].(string), m.(object)["readOnly"] == true})
	}
	return b
}

// stateVolume is the collector's own volume: that of a group, or of the user that an
// init container gives it to.
func stateVolume(t *testing.T, pod object, group int) string {
	t.Helper()
	directory := writeVolume(t, group, 0o2775, nil)
	if pod["initContainers"] == nil {
		return directory
	}
	command := at(t, named(t, pod["initContainers"], "own-state"), "command").([]any)
	require.Equal(t, []any{"chown", "/var/lib/otelcol-oversight"}, []any{command[0], command[2]})
	run(t, nil, "chown", command[1].(string), directory)
	return directory
}

// writeVolume returns a directory with files. Root owns both, and a group.
func writeVolume(t *testing.T, group int, mode os.FileMode, files map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	for name, text := range files {
		path := filepath.Join(directory, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		require.NoError(t, os.Chown(path, 0, group))
	}
	require.NoError(t, os.Chown(directory, 0, group))
	require.NoError(t, os.Chmod(directory, mode))
	return directory
}

// podEnvironment is what Kubernetes makes of a container's env.
func podEnvironment(t *testing.T, container object, podIP string) map[string]string {
	t.Helper()
	environment := map[string]string{}
	for _, variable := range container["env"].([]any) {
		name := variable.(object)["name"].(string)
		if value, ok := variable.(object)["value"].(string); ok {
			environment[name] = strings.ReplaceAll(value, "$(MY_POD_IP)", podIP)
		} else if at(t, variable, "valueFrom", "fieldRef", "fieldPath") == "status.podIP" {
			environment[name] = podIP
		}
	}
	return environment
}

// The pod of the chart delivers a registry that root owns, and is alive and ready for
// the probes. It ends within its grace period.
func TestPodDelivers(t *testing.T) {
	for podIP, values := range map[string][]string{
		"127.77.0.1": {"values.yaml"},
		"127.77.0.2": {"values.yaml", "values-sidecar.yaml"},
	} {
		t.Run(values[len(values)-1], func(t *testing.T) {
			rendered := renderChart(t, values...)
			pod := at(t, rendered["StatefulSet"], "spec", "template", "spec")
			container := named(t, at(t, pod, "containers"), "opentelemetry-collector")
			registry, splunk := newRegistryVolume(t), newHEC(t)
			before := listing(t, registry)
			collector := startContainer(t, podBundle(t, rendered, podIP, registry, splunk))
			splunk.waitFor(t, registryEvents)

			for _, probe := range []string{"livenessProbe", "readinessProbe"} {
				status, body, err := collectortest.Get("http://" + podIP + ":13133" + at(t, container, probe, "httpGet", "path").(string))
				require.NoError(t, err)
				assert.Equal(t, http.StatusOK, status, body)
			}
			output, exit := collector.exec("/usr/bin/oversight-siem", "health")
			assert.Zero(t, exit, output)

			grace, err := time.ParseDuration(fmt.Sprintf("%ds", at(t, pod, "terminationGracePeriodSeconds")))
			require.NoError(t, err)
			collector.Terminate(grace)
			require.NoError(t, collector.Err)
			assert.Equal(t, before, listing(t, registry))
		})
	}
}
